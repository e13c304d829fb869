using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>
/// A conforming receiver that checks the wire as it goes: packet ids, DUP, window, order of resends, no PUBLISH after its PUBREL. It delivers a
/// QoS 2 message at PUBLISH or at PUBREL, as real brokers do.
/// </summary>
internal sealed class ModelBroker(bool deliversAtPubrel, int receiveMaximum)
{
    private readonly Dictionary<PacketId, (string Topic, bool Released)> _held = [];
    private readonly HashSet<PacketId> _seenInSession = [];
    private readonly HashSet<PacketId> _publishedOnConnection = [];
    private int _quota;

    public List<string> Delivered { get; } = [];

    /// <summary>Topics that came at QoS 2.</summary>
    public HashSet<string> TopicsOfQos2 { get; } = [];

    public Queue<OutboundPacket> Inbound { get; } = new();

    public Queue<Ack> Outbound { get; } = new();

    public int ReceiveMaximum => receiveMaximum;

    /// <summary>Topics whose messages it ends the connection over.</summary>
    public HashSet<string> Poison { get; } = [];

    /// <summary>It does so at the PUBREL, when there is one, not at the PUBLISH.</summary>
    public bool DiesAtPubrel { get; init; }

    /// <summary>It has ended the connection.</summary>
    public bool HasClosed { get; private set; }

    /// <summary>Refuses the next PUBLISH with this code.</summary>
    public byte RefuseNext { get; set; }

    public void Connect(bool keepSession)
    {
        Inbound.Clear();
        Outbound.Clear();
        HasClosed = false;
        _publishedOnConnection.Clear();
        _quota = receiveMaximum;
        if (keepSession) return;
        _held.Clear();
        _seenInSession.Clear();
    }

    public void Step()
    {
        if (HasClosed || !Inbound.TryDequeue(out var packet)) return;
        if (IsPoison(packet)) HasClosed = true;
        else if (packet.IsPublish) OnPublish(packet);
        else OnPubRel(packet);
    }

    private bool IsPoison(OutboundPacket packet)
    {
        if (!packet.IsPublish) return DiesAtPubrel && _held.TryGetValue(packet.PacketId, out var held) && Poison.Contains(held.Topic);
        var isAtPublish = !DiesAtPubrel || packet.Record!.QualityOfService == MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce;
        return isAtPublish && Poison.Contains(packet.Record!.Topic);
    }

    private void OnPublish(OutboundPacket packet)
    {
        var (id, topic) = (packet.PacketId, packet.Record!.Topic);
        Assert.True(_quota > 0, "Receive Maximum is exceeded [row 23]");
        if (_held.TryGetValue(id, out var held))
        {
            Assert.Equal(held.Topic, topic);
            Assert.True(packet.Dup, "a resend without DUP [row 6]");
            Assert.False(held.Released, "PUBLISH after PUBREL [row 12]");
            Assert.True(_publishedOnConnection.Add(id), "resent on a living connection [row 16]");
        }
        else
        {
            _publishedOnConnection.Add(id);
        }

        _seenInSession.Add(id);
        if (RefuseNext != 0)
        {
            var code = RefuseNext;
            RefuseNext = 0;
            if (_held.ContainsKey(id)) code = 0;
            else
            {
                Outbound.Enqueue(new Ack(packet.Record.QualityOfService == MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce ? AckKind.PubAck : AckKind.PubRec, id, code));
                return;
            }
        }

        if (packet.Record.QualityOfService == MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce)
        {
            Delivered.Add(topic);
            Outbound.Enqueue(new Ack(AckKind.PubAck, id));
            return;
        }

        TopicsOfQos2.Add(topic);
        if (_held.TryAdd(id, (topic, false)) && !deliversAtPubrel) Delivered.Add(topic);
        _quota--;
        Outbound.Enqueue(new Ack(AckKind.PubRec, id));
    }

    private void OnPubRel(OutboundPacket packet)
    {
        Assert.Equal(0, packet.ReasonCode);
        if (_held.Remove(packet.PacketId, out var held) && deliversAtPubrel) Delivered.Add(held.Topic);
        if (_quota < receiveMaximum) _quota++;
        Outbound.Enqueue(new Ack(AckKind.PubComp, packet.PacketId, held.Topic is null ? (byte)0x92 : (byte)0));
    }
}
