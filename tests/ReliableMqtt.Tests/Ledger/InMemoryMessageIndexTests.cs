using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Ledger;

/// <summary>What the memory ledger remembers of ends: for a time one by one, and then at least that they were no confirms.</summary>
public class InMemoryMessageIndexTests
{
    private const int Most = 65_536;
    private static readonly DateTimeOffset At = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly InMemoryMessageIndex _index = new();

    [Fact]
    public void An_answer_is_kept_until_its_time()
    {
        _index.KeepUntil(new StatusAnswer("a", LedgerStatus.Confirmed, 1), At);
        _index.Prune(At.AddTicks(-1));
        Assert.True(_index.TryGet("a", out _));
        _index.Prune(At);
        Assert.False(_index.TryGet("a", out _));
    }

    [Fact]
    public void So_many_forgotten_sequences_are_remembered_one_by_one()
    {
        for (var i = 1; i <= Most; i++) _index.Forget(2 * i);
        Assert.Equal((false, true, false), (_index.HasForgotten(1), _index.HasForgotten(2), _index.HasForgotten(3)));
    }

    [Fact]
    public void With_more_of_them_nothing_is_said_of_what_is_as_old_as_the_oldest()
    {
        for (var i = 1; i <= Most + 1; i++) _index.Forget(2 * i);
        Assert.Equal([true, true, false, true, false], Enumerable.Range(1, 5).Select(i => _index.HasForgotten(i)));
        _index.Forget(2 * (Most + 2));
        Assert.Equal([true, true, true, true, false], Enumerable.Range(1, 5).Select(i => _index.HasForgotten(i)));
        Assert.True(_index.HasForgotten(2 * (Most + 2)));
    }

    [Fact]
    public void What_is_forgotten_up_to_a_sequence_stays_forgotten()
    {
        _index.ForgetUpTo(5);
        Assert.Equal((true, false), (_index.HasForgotten(5), _index.HasForgotten(6)));
        _index.ForgetUpTo(3);
        Assert.True(_index.HasForgotten(5));
    }
}
