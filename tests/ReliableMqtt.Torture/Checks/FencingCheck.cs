using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.Torture.Checks;

/// <summary>
/// Reads a recorded wire of several processes with one client id: when one of them has its CONNACK, nothing that changes a message may pass from an earlier
/// connection of that client id to the broker.
/// </summary>
internal static class FencingCheck
{
    /// <summary>The packets that should not have passed.</summary>
    /// <param name="packets">What was recorded, in order, of all proxies.</param>
    public static IReadOnlyList<WirePacket> Find(IEnumerable<WirePacket> packets)
    {
        var clientIds = new Dictionary<int, string>();
        var winner = new Dictionary<string, int>();
        var late = new List<WirePacket>();
        foreach (var packet in packets)
        {
            if (!packet.Passed) continue;
            switch (packet.Type)
            {
                case MqttControlPacketType.Connect:
                    clientIds[packet.Connection] = packet.ClientId!;
                    break;
                case MqttControlPacketType.ConnAck when packet.ReasonCode == 0 && clientIds.TryGetValue(packet.Connection, out var clientId):
                    winner[clientId] = packet.Connection;
                    break;
                case MqttControlPacketType.Publish or MqttControlPacketType.PubRel when packet.Direction == Direction.ToBroker:
                    if (clientIds.TryGetValue(packet.Connection, out var sender) && winner.GetValueOrDefault(sender) is not 0 and var won && won != packet.Connection)
                        late.Add(packet);
                    break;
            }
        }

        return late;
    }
}
