using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using ReliableMqtt.Tests.Ledger;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>The conformance suite on a redis-server for each test, since one of them kills it.</summary>
public class RedisAckLedgerTests : AckLedgerConformance
{
    private RedisServer? _server;

    /// <summary>With one, the server knows this user and an administrator, and the ledgers log in as it.</summary>
    private protected virtual DocumentedUser? User => null;

    protected override bool HonoursTimeProvider => false;

    protected override bool CanRestartStore => true;

    protected override int ModelSteps => 1_500;

    protected override async ValueTask<AckLedger> CreateOnFreshStoreAsync()
    {
        _server ??= User is null ? await RedisServer.StartAsync() : await User.StartServerAsync();
        return await CreateOnSameStoreAsync();
    }

    protected override ValueTask<AckLedger> CreateOnSameStoreAsync() => ValueTask.FromResult<AckLedger>(new RedisAckLedger(User?.Address(_server!) ?? _server!.Address));

    protected override async ValueTask RestartStoreAsync() => await _server!.RestartAsync();

    protected override bool CanLoseWrites => true;

    protected override async ValueTask<Func<ValueTask>> SaveStoreAsync()
    {
        var goBack = await _server!.SaveAsync();
        return async () => await goBack();
    }

    protected override async ValueTask WipeStoreAsync()
    {
        await using var connection = await _server!.ConnectAsync();
        await connection.GetDatabase().ExecuteAsync("FLUSHALL");
    }

    protected override ValueTask DisposeStoreAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
