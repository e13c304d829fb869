using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using ReliableMqtt.Tests.Ledger;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>The conformance suite on one cluster that all of its tests share: their publisher ids fall on all of its masters.</summary>
public sealed class RedisClusterLedgerTests(RedisClusterLedgerTests.OneCluster one) : AckLedgerConformance, IClassFixture<RedisClusterLedgerTests.OneCluster>
{
    protected override bool HonoursTimeProvider => false;

    protected override bool CanRestartStore => true;

    protected override int ModelSteps => 1_500;

    protected override ValueTask<AckLedger> CreateOnFreshStoreAsync() => CreateOnSameStoreAsync();

    protected override async ValueTask<AckLedger> CreateOnSameStoreAsync() => new RedisAckLedger((await one.StartedAsync()).Address);

    protected override async ValueTask RestartStoreAsync()
    {
        var cluster = await one.StartedAsync();
        foreach (var node in cluster.Nodes) await node.RestartAsync();
        await cluster.BecomesWholeAsync();
    }

    /// <summary>Started by the first test that needs it, so that a missing server skips tests and fails none.</summary>
    public sealed class OneCluster : IAsyncDisposable
    {
        private readonly SemaphoreSlim _starting = new(1);
        private RedisCluster? _cluster;

        internal async Task<RedisCluster> StartedAsync()
        {
            await _starting.WaitAsync(TestContext.Current.CancellationToken);
            try
            {
                return _cluster ??= await RedisCluster.StartAsync();
            }
            finally
            {
                _starting.Release();
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_cluster is not null) await _cluster.DisposeAsync();
            _starting.Dispose();
        }
    }
}
