using CsCheck;

namespace ReliableMqtt.Tests.Concurrency;

/// <summary>The same steps on a ledger and on a model of it that is as simple as can be. What differs is shrunk to the shortest run of steps.</summary>
public class LedgerModelTests
{
    private static readonly Gen<int> Name = Gen.Int[0, SharedLedger.Names - 1];

    [Fact]
    public void A_ledger_does_what_its_model_does() => Gen.Const(() => (new SharedLedger(), new SharedLedgerModel())).SampleModelBased(
    [
        Gen.Select(Gen.Int[0, 1], Name).Operation<SharedLedger, SharedLedgerModel>((ledger, step) => ledger.Accept(step.Item1, step.Item2), (model, step) => model.Accept(step.Item2)),
        Gen.Bool.Operation<SharedLedger, SharedLedgerModel>((ledger, confirmed) => ledger.Finish(confirmed), (model, confirmed) => model.Finish(confirmed)),
        Name.Operation<SharedLedger, SharedLedgerModel>((ledger, name) => ledger.Replay(name), (model, name) => model.Replay(name)),
        Name.Operation<SharedLedger, SharedLedgerModel>((ledger, name) => ledger.Purge(name), (model, name) => model.Purge(name)),
    ], equal: (ledger, model) => ledger.ToString() == model.ToString(), iter: 5_000);
}
