using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

/// <summary>
/// Reads a recorded wire against the rules of a publisher. The proxy stands between the two: what the publisher sent it has seen before the
/// broker, and what the broker answered before the publisher, so that it never sees a rule broken that was kept.
/// </summary>
internal static partial class WireAudit
{
    /// <summary>Everything that breaks a rule.</summary>
    /// <param name="packets">What was recorded, in order.</param>
    /// <param name="receiveMaximum">The window that counts.</param>
    public static IReadOnlyList<string> Find(IReadOnlyList<WirePacket> packets, int receiveMaximum)
    {
        var session = new Session(receiveMaximum);
        foreach (var packet in packets) session.Take(packet);
        return session.Problems;
    }

    private sealed class Session(int receiveMaximum)
    {
        // What the publisher has not seen the end of: packet id to the payload of its PUBLISH.
        private readonly Dictionary<ushort, string?> _unfinished = [];
        private readonly HashSet<ushort> _released = [];
        private readonly HashSet<ushort> _sentHere = [];
        private int _connection;

        public List<string> Problems { get; } = [];

        public void Take(WirePacket packet)
        {
            if (packet.Type == MqttControlPacketType.Connect) Begin(packet);
            else if (packet.Connection != _connection) return; // The rest of a connection that was cut.
            else if (packet.Direction == Direction.ToBroker) Sent(packet);
            else if (packet.Passed) Received(packet);
        }

        private void Begin(WirePacket connect)
        {
            _connection = connect.Connection;
            _sentHere.Clear();
        }

        private void Sent(WirePacket packet)
        {
            switch (packet.Type)
            {
                case MqttControlPacketType.Publish when packet.Qos > 0:
                    if (!_sentHere.Add(packet.PacketId)) Report(packet, "was resent on a living connection [4.4.0-1]");
                    if (_sentHere.Count > receiveMaximum) Report(packet, $"is beyond the Receive Maximum of {receiveMaximum} [3.3.4-7]");
                    if (_released.Contains(packet.PacketId)) Report(packet, "follows its own PUBREL [4.3.3-6]");
                    if (_unfinished.TryGetValue(packet.PacketId, out var payload))
                    {
                        if (!packet.Dup) Report(packet, "takes a packet id that is in use [2.2.1-3]");
                        else if (payload != packet.Payload) Report(packet, $"has the packet id of '{payload}' [4.4.0-1]");
                    }

                    _unfinished[packet.PacketId] = packet.Payload;
                    break;
                case MqttControlPacketType.Publish when packet.Dup:
                    Report(packet, "is DUP at QoS 0 [3.3.1-2]");
                    break;
                case MqttControlPacketType.PubRel:
                    _released.Add(packet.PacketId);
                    break;
            }
        }

        private void Received(WirePacket packet)
        {
            switch (packet.Type)
            {
                case MqttControlPacketType.ConnAck when !packet.SessionPresent:
                    _unfinished.Clear();
                    _released.Clear();
                    break;
                case MqttControlPacketType.PubAck or MqttControlPacketType.PubComp:
                case MqttControlPacketType.PubRec when packet.ReasonCode >= 0x80:
                    _unfinished.Remove(packet.PacketId);
                    _released.Remove(packet.PacketId);
                    _sentHere.Remove(packet.PacketId);
                    break;
            }
        }

        private void Report(WirePacket packet, string problem) => Problems.Add($"{packet}: {problem}");
    }
}
