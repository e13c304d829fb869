using CsCheck;

namespace ReliableMqtt.Tests.Concurrency;

/// <summary>What several threads do at once must have the outcome of some order of the same steps.</summary>
public class LedgerParallelTests
{
    private static readonly Gen<int> Name = Gen.Int[0, SharedLedger.Names - 1];

    [Fact]
    public void Parallel_steps_have_the_outcome_of_some_order_of_them() => Gen.Const(() => new SharedLedger()).SampleParallel(
    [
        Gen.Select(Gen.Int[0, 1], Name).Operation<SharedLedger>(step => $"Accept{step}", (ledger, step) => ledger.Accept(step.Item1, step.Item2)),
        Gen.Bool.Operation<SharedLedger>(confirmed => $"Finish({confirmed})", (ledger, confirmed) => ledger.Finish(confirmed)),
        Name.Operation<SharedLedger>(name => $"Replay({name})", (ledger, name) => ledger.Replay(name)),
        Name.Operation<SharedLedger>(name => $"Purge({name})", (ledger, name) => ledger.Purge(name)),
        Gen.Operation<SharedLedger>("Look()", ledger => ledger.Look()),
    ], equal: (one, other) => one.ToString() == other.ToString(), iter: 150);

    [Fact]
    public void A_ledger_that_reads_and_writes_in_two_steps_would_be_found() => Assert.Throws<CsCheckException>(() => Gen.Const(() => new TornCount()).SampleParallel(
    [
        Name.Operation<TornCount>(name => $"Add({name})", (count, name) => count.Add(name)),
    ], equal: (one, other) => one.ToString() == other.ToString(), iter: 20_000));

    /// <summary>What a ledger without its lock would be.</summary>
    private sealed class TornCount
    {
        private int _count;

        public void Add(int name)
        {
            var seen = _count;
            for (var i = 0; i < 50 + name; i++) Thread.SpinWait(10);
            _count = seen + 1;
        }

        public override string ToString() => $"{_count}";
    }
}
