using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Session;

/// <summary>
/// The session, a ledger and a conforming broker under random cuts, crashes (with the commit on its way applied or not), late commits and
/// refusals: nothing accepted is lost, nothing arrives twice at QoS 2 while the broker keeps the session. In the runs with poison the broker ends
/// the connection over some messages: those and no others become dead letters, however the link behaves.
/// </summary>
public class SessionFaultTests
{
    public static IEnumerable<TheoryDataRow<int>> Seeds()
    {
        var first = Environment.GetEnvironmentVariable("RELIABLEMQTT_SEED") is { } given ? int.Parse(given, System.Globalization.CultureInfo.InvariantCulture) : Random.Shared.Next(1_000_000);
        return Enumerable.Range(0, 8).Select(i => new TheoryDataRow<int>(first + (i * 1000)));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    [Conformance(3, 6, 12, 16, 23)]
    public void Nothing_is_lost_and_qos2_arrives_once_while_the_session_lives(int seed)
    {
        for (var i = 0; i < 100; i++) Execute(seed + i, losesSessions: false);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    [Conformance(36)]
    public void Poison_and_nothing_else_becomes_a_dead_letter(int seed)
    {
        for (var i = 0; i < 40; i++) Execute(seed + i, losesSessions: i % 4 == 0, poison: 1 + (i % 5));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Nothing_is_lost_when_the_broker_forgets_sessions(int seed)
    {
        for (var i = 0; i < 100; i++) Execute(seed + i, losesSessions: true);
    }

    private static void Execute(int seed, bool losesSessions, int poison = 0)
    {
        var store = new InMemoryLedgerStore();
        using var run = new SessionFaultRun(seed, () => new InMemoryAckLedger(store), losesSessions, poison);
        run.Execute();
    }
}
