using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Oracle;

// What the publisher sends on the connection that counts.
internal sealed partial class AuditedSession
{
    private void Sent(WirePacket packet, AuditedConnection connection)
    {
        if (packet.Type == MqttControlPacketType.Connect) return;
        Forget();
        switch (packet.Type)
        {
            case MqttControlPacketType.Publish when packet.Qos > 0:
                if (packet.Dup) SentAgain(packet, connection);
                else SentFirst(packet, connection);
                CheckWindow(packet, connection);
                break;
            case MqttControlPacketType.PubRel:
                SentPubRel(packet, connection);
                break;
            case MqttControlPacketType.Subscribe or MqttControlPacketType.Unsubscribe:
                if (!connection.Requests.Add(packet.PacketId) || _exchanges.GetValueOrDefault(packet.PacketId) is { IsOpen: true })
                    Report(1, packet, "takes a packet id that is in use");
                break;
            case MqttControlPacketType.Disconnect:
                connection.SaidGoodbye = true;
                break;
        }
    }

    // The client goes on after a CONNACK without a session: it has read it, and all that it held is void.
    private void Forget()
    {
        if (!_lost) return;
        _lost = false;
        _known = true;
        _exchanges.Clear();
        _byMessage.Clear();
    }

    private void SentFirst(WirePacket packet, AuditedConnection connection)
    {
        var here = connection.Unacknowledged.Contains(packet.PacketId);
        if (_exchanges.GetValueOrDefault(packet.PacketId) is { IsOpen: true } exchange)
        {
            if (exchange.IsOf(packet)) Report(here ? 16 : 6, packet, here ? "was resent on a living connection" : "is resent without DUP");
            else if (here && exchange.PubRec == 0) Report(1, packet, $"takes the packet id of '{exchange.Publish.Payload}', which is in use");
            else Report(4, packet, $"takes the packet id of '{exchange.Publish.Payload}', which no ack has freed");
        }
        else
        {
            if (connection.Requests.Contains(packet.PacketId)) Report(1, packet, "takes the packet id of a subscription, which is in use");
            CheckIdentity(packet);
            CheckAllResent(packet, connection);
        }

        connection.HasSentNew = true;
        Add(packet);
    }

    private void SentAgain(WirePacket packet, AuditedConnection connection)
    {
        var exchange = _exchanges.GetValueOrDefault(packet.PacketId);
        if (connection.Unacknowledged.Contains(packet.PacketId) || exchange?.OverOn == connection.Number)
        {
            Report(16, packet, "was resent on a living connection");
        }
        else if (exchange is not null && exchange.IsOf(packet))
        {
            if (exchange.ReleasedOn != 0) Report(12, packet, "follows its own PUBREL");
            if (exchange.Place < connection.LastResent) Report(21, packet, "is resent after one that was sent later");
            connection.LastResent = exchange.Place;
            exchange.GoOn(packet);
            (exchange.PubRec, exchange.ReleasedOn, exchange.Resent) = (0, 0, true);
        }
        else if (exchange is { IsOpen: true })
        {
            Report(3, packet, $"has the packet id of '{exchange.Publish.Payload}'");
            Add(packet);
        }
        else
        {
            // Its first PUBLISH may have got lost before the proxy, but only on an earlier connection of this session.
            if (!connection.Resumed) Report(6, packet, "is DUP, and was never sent before");
            else CheckIdentity(packet);
            connection.LastResent = Add(packet).Place;
        }
    }

    private void SentPubRel(WirePacket packet, AuditedConnection connection)
    {
        var exchange = _exchanges.GetValueOrDefault(packet.PacketId);
        if (connection.PayPubRel(packet.PacketId)) return;
        if (exchange is null)
        {
            if (_known == true) Report(5, packet, "has the packet id of no PUBLISH");
        }
        else if (exchange.Publish.Qos != 2)
        {
            Report(5, packet, "has the packet id of a PUBLISH of QoS 1");
        }
        else if (exchange.Refused || exchange.PubRec == 0)
        {
            Report(10, packet, exchange.Refused ? "follows a PUBREC that refuses" : "follows no PUBREC");
        }
        else
        {
            if (exchange.ReleasedOn == connection.Number) Report(16, packet, "was resent on a living connection");
            if (exchange.PubRec < connection.LastPubRec) Report(22, packet, "comes after one whose PUBREC came later");
            connection.LastPubRec = Math.Max(connection.LastPubRec, exchange.PubRec);
            exchange.GoOn(packet);
            exchange.ReleasedOn = connection.Number;
        }
    }

    private void CheckWindow(WirePacket packet, AuditedConnection connection)
    {
        connection.Unacknowledged.Add(packet.PacketId);
        var beyond = connection.Unacknowledged.Count - connection.ReceiveMaximum;
        if (beyond <= 0) return;
        // Such acks give nothing back, but who counts acks only would think so.
        var tempting = connection.Strays + connection.Unacknowledged.Count(id => _exchanges.GetValueOrDefault(id) is { PubRec: not 0 });
        Report(beyond <= tempting ? 24 : 23, packet, $"is beyond the Receive Maximum of {connection.ReceiveMaximum}");
    }

    private void CheckIdentity(WirePacket packet)
    {
        if (packet.MessageId is { } message && _byMessage.GetValueOrDefault(message) is { IsOpen: true } other && other.PacketId != packet.PacketId
            && _exchanges.GetValueOrDefault(other.PacketId) == other)
            Report(3, packet, $"is the message of packet id {other.PacketId}, which is on its way");
    }

    private void CheckAllResent(WirePacket packet, AuditedConnection connection)
    {
        if (!connection.Resumed || connection.HasSentNew) return;
        // One whose PUBREC has passed and whose PUBREL has not left yet has nothing to be sent again: its PUBREL leaves when the ledger has it.
        var missing = _exchanges.Values.FirstOrDefault(exchange => exchange.IsOpen && exchange.SentOn != connection.Number && (exchange.PubRec == 0 || exchange.ReleasedOn != 0));
        if (missing is not null) Report(15, packet, $"leaves while packet id {missing.PacketId} is not resent: {missing}");
    }
}
