using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using ReliableMqtt.Tests.Ledger;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>The conformance suite with the user of docs/redis.md, on a server that knows no other: what the page allows is enough.</summary>
public sealed class RedisDocumentedUserTests : AckLedgerConformance
{
    private readonly DocumentedUser _user = DocumentedUser.Read();
    private RedisServer? _server;

    protected override bool HonoursTimeProvider => false;

    protected override bool CanRestartStore => true;

    protected override int ModelSteps => 1_500;

    protected override async ValueTask<AckLedger> CreateOnFreshStoreAsync()
    {
        _server ??= await _user.StartServerAsync();
        return await CreateOnSameStoreAsync();
    }

    protected override ValueTask<AckLedger> CreateOnSameStoreAsync() => ValueTask.FromResult<AckLedger>(new RedisAckLedger(_user.Address(_server!)));

    protected override async ValueTask RestartStoreAsync() => await _server!.RestartAsync();

    protected override ValueTask DisposeStoreAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
