using MQTTnet.Formatter;
using MQTTnet.Protocol;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>A conforming receiver that checks what arrives, delivers a QoS 2 message at PUBLISH or at PUBREL as brokers do, and refuses, repeats itself and talks nonsense where the plan says so.</summary>
internal sealed partial class SimBroker(SimWorld world)
{
    private BrokerMemory? _session;
    private SimConnection? _current;
    private DateTimeOffset _awayUntil;
    private DateTimeOffset _limitedUntil;
    private int _limit;

    public bool IsAway => world.Now < _awayUntil;

    public SimConnection? Current => _current is { IsOpenAtBroker: true } ? _current : null;

    public void StayAway(TimeSpan time) => _awayUntil = world.Now + time;

    public void Limit(int limit, TimeSpan time) => (_limit, _limitedUntil) = (limit, world.Now + time);

    /// <summary>A CONNECT with Clean Start.</summary>
    public void Wipe()
    {
        Kick();
        world.Trace.Note(world, "session wiped");
        _session = null;
    }

    /// <summary>It has forgotten everything; connections end with it.</summary>
    public void Forget()
    {
        if (Current is { } current) End(current, null);
        _session = null;
    }

    /// <summary>A CONNECT without Clean Start, and the answer to it.</summary>
    public void Accept(SimConnection connection)
    {
        Kick();
        // A session that was begun and of which no trace has got into the ledger yet is lost again: only so is it not taken for the old one. See docs/limits.md, "A lost session that looks like the old one".
        if (_session is { } begun && !begun.IsKnownTo(world.Store.Durable)) _session = null;
        var isPresent = _session is not null;
        if (_session is null)
        {
            world.Messages.OnSessionLost();
            world.Wire.OnNewSession();
            _session = new BrokerMemory(world.Store.Durable);
        }

        world.Messages.OnConnected();
        _current = connection;
        connection.IsOpenAtBroker = true;
        connection.ReceiveMaximum = connection.Quota = world.Plan.IsMqtt5 ? world.Plan.ReceiveMaximum : 65_535;
        var limited = world.Now < _limitedUntil && world.Plan.IsMqtt5;
        if (limited) world.Messages.OnLimit(_limit);
        connection.MaximumQoS = limited && _limit == 0 ? MqttQualityOfServiceLevel.AtLeastOnce : MqttQualityOfServiceLevel.ExactlyOnce;
        world.Trace.Note(world, isPresent ? "CONNACK, session present" : "CONNACK, new session", connection.Link.Process.Name, connection.Number);
        var info = new ConnectionInfo(connection.IdInProcess, isPresent)
        {
            Protocol = world.Plan.IsMqtt5 ? MqttProtocolVersion.V500 : MqttProtocolVersion.V311,
            ReceiveMaximum = connection.ReceiveMaximum,
            MaximumQoS = connection.MaximumQoS,
            RetainAvailable = !(limited && _limit == 1),
        };
        connection.ToClient(() => connection.Link.OnConnAck(connection, info));
    }

    /// <summary>Somebody else has connected with the same client id.</summary>
    private void Kick()
    {
        if (_current is not { IsOpenAtBroker: true } old) return;
        End(old, world.Plan is { IsMqtt5: true, SaysTakenOver: true } ? (byte)0x8E : null);
    }

    /// <summary>Ends the connection, behind the acks that are on their way.</summary>
    public static void End(SimConnection connection, byte? code)
    {
        connection.ToClient(() => connection.Link.OnLost(connection, new ConnectionLoss(LossCause.Peer, code)));
        connection.IsOpenAtBroker = false;
    }

    public void OnPacket(SimConnection connection, OutboundPacket packet)
    {
        if (!connection.IsOpenAtBroker || connection != _current) return;
        if (packet.IsPublish) OnPublish(connection, packet);
        else OnPubRel(connection, packet);
    }

    private void OnPublish(SimConnection connection, OutboundPacket packet)
    {
        var (id, record, session) = (packet.PacketId, packet.Record!, _session!);
        var message = world.Messages.Find(record.Topic) ?? throw new ViolationException($"{record.Topic} arrives, which nobody has published");
        if (message.IsPoison)
        {
            End(connection, null);
            return;
        }

        if (connection.Quota <= 0) throw new ViolationException($"{record.Topic}: Receive Maximum is exceeded");
        if (record.QualityOfService > connection.MaximumQoS) throw new ViolationException($"{record.Topic}: the broker takes no QoS 2");
        if (!connection.Published.Add(id) && session.Last(id) == record.Topic) throw new ViolationException($"{record.Topic}: resent on a living connection");
        if (session.Held.TryGetValue(id, out var held))
        {
            if (held != record.Topic) throw new ViolationException($"packet id {id} of {record.Topic} is in use by {held}");
            if (!packet.Dup) throw new ViolationException($"{record.Topic}: a resend without DUP");
        }

        session.OnPublish(id, record);
        if (held is null && Refuses(connection, packet, message)) return;
        if (record.QualityOfService == MqttQualityOfServiceLevel.AtLeastOnce)
        {
            world.Messages.OnDelivered(message);
            Answer(connection, AckKind.PubAck, id, Success());
            return;
        }

        connection.Quota--;
        if (held is null)
        {
            session.Held[id] = record.Topic;
            if (!world.Plan.DeliversAtPubRel) world.Messages.OnDelivered(message);
        }

        Answer(connection, AckKind.PubRec, id, Success());
    }

    private void OnPubRel(SimConnection connection, OutboundPacket packet)
    {
        if (_session!.Held.Remove(packet.PacketId, out var held) && world.Plan.DeliversAtPubRel) world.Messages.OnDelivered(world.Messages.Find(held)!);
        if (connection.Quota < connection.ReceiveMaximum) connection.Quota++;
        Answer(connection, AckKind.PubComp, packet.PacketId, held is null && world.Plan.IsMqtt5 ? (byte)0x92 : (byte)0);
    }

    private byte Success() => world.Plan.IsMqtt5 && world.Chance(SimStream.Broker, 20) ? (byte)0x10 : (byte)0;
}
