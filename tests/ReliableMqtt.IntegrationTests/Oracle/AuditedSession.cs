using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Oracle;

/// <summary>Follows the handshakes of one client id over all of its connections. The newest connection is the one that counts.</summary>
internal sealed partial class AuditedSession(List<WireProblem> problems)
{
    // The last message under each packet id, over or not.
    private readonly Dictionary<ushort, Exchange> _exchanges = [];
    private readonly Dictionary<string, Exchange> _byMessage = [];
    private AuditedConnection? _current;
    private long _places;
    private bool? _known;
    private bool _lost;

    public void Begin(AuditedConnection connection)
    {
        // Whether the client has read of the loss is not known: what it held then may be void or not.
        if (_lost) foreach (var exchange in _exchanges.Values.Where(exchange => exchange.IsOpen)) exchange.OverOn = _current!.Number;
        _lost = false;
        _current = connection;
        connection.Session = this;
    }

    public void Take(WirePacket packet, AuditedConnection connection)
    {
        if (packet.Malformed || packet.Forged && packet.Direction == Direction.ToBroker) return;
        if (connection != _current) TakeLate(packet);
        else if (packet.Direction == Direction.ToBroker) Sent(packet, connection);
        else if (packet.Passed) Received(packet, connection);
    }

    /// <summary>Reports every handshake that has not come to its end.</summary>
    public void AssertFinished()
    {
        foreach (var exchange in _exchanges.Values.Where(exchange => exchange.IsOpen))
        {
            var row = exchange.Publish.Qos == 1 ? 8 : exchange.ReleasedOn != 0 ? 11 : 9;
            Report(row, exchange.Publish, "counts as finished, and its last ack has never come");
        }
    }

    // On a connection that another one has followed: not what counts, but it explains what comes on the new one.
    private void TakeLate(WirePacket packet)
    {
        if (packet.Direction == Direction.ToBroker)
        {
            if (packet is { Type: MqttControlPacketType.Publish, Qos: > 0 } && !_exchanges.ContainsKey(packet.PacketId))
                Add(packet).OverOn = packet.Connection;
            return;
        }

        // What has left once more since then was not known to be acknowledged, and its new ack is still to come.
        if (!packet.Passed || !_exchanges.TryGetValue(packet.PacketId, out var exchange) || exchange.SentOn > packet.Connection) return;
        if (packet.Type == MqttControlPacketType.PubRec && packet.ReasonCode < 0x80) exchange.PubRec = exchange.PubRec == 0 ? ++_places : exchange.PubRec;
        else if (packet.Type is MqttControlPacketType.PubAck or MqttControlPacketType.PubRec or MqttControlPacketType.PubComp && exchange.IsOpen) exchange.OverOn = packet.Connection;
    }

    private void Received(WirePacket packet, AuditedConnection connection)
    {
        switch (packet.Type)
        {
            case MqttControlPacketType.ConnAck when packet.ReasonCode == 0:
                connection.Accept(packet);
                _lost = !packet.SessionPresent;
                _known ??= !packet.SessionPresent; // Or it is a session from before the recording.
                break;
            case MqttControlPacketType.PubAck or MqttControlPacketType.PubRec or MqttControlPacketType.PubComp:
                Acknowledged(packet, connection);
                break;
            case MqttControlPacketType.SubAck or MqttControlPacketType.UnsubAck:
                connection.Requests.Remove(packet.PacketId);
                break;
        }
    }

    private void Acknowledged(WirePacket packet, AuditedConnection connection)
    {
        var exchange = _exchanges.GetValueOrDefault(packet.PacketId);
        if (exchange is { IsOpen: false }) exchange = null;
        var accepts = packet.ReasonCode < 0x80;
        switch (packet.Type)
        {
            case MqttControlPacketType.PubAck when exchange is { Publish.Qos: 1 }:
            case MqttControlPacketType.PubComp when exchange is { Publish.Qos: 2, ReleasedOn: not 0 }:
                (exchange.OverOn, exchange.Refused) = (connection.Number, false);
                connection.Unacknowledged.Remove(packet.PacketId);
                return;
            case MqttControlPacketType.PubRec when exchange is { Publish.Qos: 2, PubRec: 0 }:
                // Some brokers call the packet id of a resend "in use" by the very message that is resent: they have it.
                if (accepts || (packet.ReasonCode == 0x91 && exchange.Resent))
                {
                    exchange.PubRec = ++_places;
                    return;
                }

                (exchange.OverOn, exchange.Refused) = (connection.Number, true);
                connection.Unacknowledged.Remove(packet.PacketId);
                return;
            case MqttControlPacketType.PubRec when accepts:
                connection.OwePubRel(packet.PacketId);
                break;
        }

        connection.Strays++;
    }

    private Exchange Add(WirePacket publish)
    {
        var exchange = new Exchange(publish, ++_places);
        _exchanges[publish.PacketId] = exchange;
        if (publish.MessageId is { } message) _byMessage[message] = exchange;
        return exchange;
    }

    private void Report(int row, WirePacket packet, string problem) => problems.Add(new WireProblem(row, packet, problem));
}
