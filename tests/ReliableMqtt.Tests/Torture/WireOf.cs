using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Torture.Wire;

namespace ReliableMqtt.Tests.Torture;

/// <summary>Makes records of a wire by hand.</summary>
internal static class WireOf
{
    public static TimedPacket Publish(double at, int connection, ushort packetId, long number, bool dup = false) => new(
        new WirePacket(connection, Direction.ToBroker, MqttControlPacketType.Publish) { Qos = 1, PacketId = packetId, Payload = $"{number} a/b ", Dup = dup }, Ticks(at));

    public static TimedPacket Ack(double at, int connection, MqttControlPacketType type, ushort packetId, bool passed = true, byte code = 0) => new(
        new WirePacket(connection, Direction.ToClient, type) { PacketId = packetId, Passed = passed, ReasonCode = code }, Ticks(at));

    /// <summary>A time of the record, in seconds.</summary>
    public static long Ticks(double seconds) => (long)((seconds + 1_000) * System.Diagnostics.Stopwatch.Frequency);
}
