using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using ReliableMqtt.Tests.Ledger;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>The conformance suite on one Redis that all of its tests share: each has a publisher id of its own.</summary>
public sealed class RedisContainerTests(ContainerRedis redis) : AckLedgerConformance, IClassFixture<ContainerRedis>
{
    protected override bool HonoursTimeProvider => false;

    protected override bool CanRestartStore => true;

    protected override int ModelSteps => 1_500;

    protected override ValueTask<AckLedger> CreateOnFreshStoreAsync() => CreateOnSameStoreAsync();

    protected override ValueTask<AckLedger> CreateOnSameStoreAsync() => ValueTask.FromResult<AckLedger>(new RedisAckLedger(redis.Address()));

    protected override async ValueTask RestartStoreAsync()
    {
        Assert.SkipUnless(redis.CanRestart, "A server that may be others' too is not restarted.");
        await redis.RestartAsync();
    }
}
