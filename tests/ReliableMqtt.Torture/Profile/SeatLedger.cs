using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using ReliableMqtt.Torture.Children;

namespace ReliableMqtt.Torture.Profile;

/// <summary>The ledger of a publisher, as its driver sees it.</summary>
internal abstract class SeatLedger : IAsyncDisposable
{
    /// <summary>What the publisher's process is told of it.</summary>
    public abstract IEnumerable<string> Arguments { get; }

    /// <summary>The way to its server; null for none.</summary>
    public virtual CuttingProxy? Proxy => null;

    /// <summary>Makes an object to look into it.</summary>
    public abstract AckLedger Open();

    public abstract ValueTask DisposeAsync();
}

/// <summary>In Redis, by a way of its own.</summary>
internal sealed class RedisSeatLedger(RedisServer redis) : SeatLedger
{
    public override IEnumerable<string> Arguments => ChildOptions.Redis($"127.0.0.1:{Proxy.Port}");

    public override CuttingProxy Proxy { get; } = CuttingProxy.Start(redis.Port);

    public override AckLedger Open() => new RedisAckLedger(redis.Address);

    public override ValueTask DisposeAsync() => Proxy.DisposeAsync();
}
