using System.Diagnostics;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Torture.Checks;

namespace ReliableMqtt.Torture.Verbs.Backlog;

/// <summary>Watches a backlog leave, at the proxy: when it began, how much was sent and acknowledged, and whether each message was the next one.</summary>
internal sealed class DrainWatch
{
    private readonly WireTap _tap;
    private long _expected = 1;
    private long _firstPublish;
    private long _acknowledged;
    private long _outOfOrder;

    public DrainWatch(WireTap tap)
    {
        _tap = tap;
        tap.Seen += See;
    }

    /// <summary>When the first PUBLISH came, in <see cref="Stopwatch"/> ticks; 0 before.</summary>
    public long FirstPublish => Volatile.Read(ref _firstPublish);

    /// <summary>How many were sent.</summary>
    public long Sent => Volatile.Read(ref _expected) - 1;

    /// <summary>How many the broker has acknowledged.</summary>
    public long Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>How many were not the next one in the order of their acceptance, or not what was accepted.</summary>
    public long OutOfOrder => Volatile.Read(ref _outOfOrder);

    /// <summary>Watches no more.</summary>
    public void Stop() => _tap.Seen -= See;

    // One packet at a time, says the tap.
    private void See(WirePacket packet)
    {
        if (packet.Type == MqttControlPacketType.PubAck && packet.Direction == Direction.ToClient) Interlocked.Increment(ref _acknowledged);
        if (packet.Type != MqttControlPacketType.Publish || packet.Direction != Direction.ToBroker) return;
        if (_firstPublish == 0) Volatile.Write(ref _firstPublish, Stopwatch.GetTimestamp());
        if (!Payload.TryDecode(packet.Payload!, out var number, out _) || number != _expected) _outOfOrder++;
        Volatile.Write(ref _expected, _expected + 1);
    }
}
