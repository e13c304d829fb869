using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Session;

/// <summary>The store goes back in time under a living owner; see <see cref="RollbackRun"/>.</summary>
public class RollbackTests
{
    private const int Messages = 60;

    public static IEnumerable<TheoryDataRow<int>> Seeds()
    {
        var first = Environment.GetEnvironmentVariable("RELIABLEMQTT_SEED") is { } given ? int.Parse(given, System.Globalization.CultureInfo.InvariantCulture) : Random.Shared.Next(1_000_000);
        var rows = Environment.GetEnvironmentVariable("RELIABLEMQTT_SEEDS") is null ? 6 : 1;
        return Enumerable.Range(0, rows).Select(i => new TheoryDataRow<int>(first + (i * 1000)));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task What_the_owner_knew_is_neither_lost_nor_sent_twice(int seed)
    {
        var (losses, restores, foreign) = (0, 0, 0);
        for (var i = 0; i < 100; i++)
        {
            var run = new RollbackRun(seed + i, new Memory(), Messages);
            await run.ExecuteAsync();
            (losses, restores, foreign) = (losses + run.Losses, restores + run.Restores, foreign + run.LostForeign);
        }

        Assert.True(restores > 100 && foreign > 20, $"seed {seed}: {losses} losses, {restores} restores, {foreign} messages of others lost");
    }

    [Theory]
    [InlineData(false, true, 20)]
    [InlineData(true, false, 400)] // Seldom is a message of others both lost by the store and known to the owner.
    public async Task Without_the_restore_or_without_names_messages_are_lost_or_come_twice(bool restores, bool names, int runs)
    {
        var failed = 0;
        for (var seed = 1; seed <= runs && failed <= 10; seed++)
        {
            try
            {
                await new RollbackRun(seed, new Memory(), Messages, restores, names).ExecuteAsync();
            }
            catch (InvalidOperationException)
            {
                failed++;
            }
        }

        Assert.True(failed > 10, $"Only {failed} of {runs} runs have noticed: they would not notice much.");
    }

    private sealed class Memory : LosingStore
    {
        private readonly InMemoryLedgerStore _store = new();

        public override AckLedger NewLedger() => new InMemoryAckLedger(_store);

        public override Task<Func<Task>> SaveAsync()
        {
            var saved = _store.Of("p").Save();
            return Task.FromResult<Func<Task>>(() =>
            {
                _store.Of("p").GoBack(saved);
                return Task.CompletedTask;
            });
        }
    }
}
