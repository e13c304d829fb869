using MQTTnet.Protocol;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Simulation.Engine;

// What it says, and what it says too much.
internal sealed partial class SimBroker
{
    /// <summary>Every code that an ack can refuse with, and two that the protocol does not know.</summary>
    private static readonly byte[] Refusals = [.. ReasonCodes.Table.Where(row => row.Code >= 0x80 && (row.PubAck ?? row.PubRec) is not null).Select(row => row.Code), 0xA5, 0xC0];

    private static readonly byte[] Disconnects = [.. ReasonCodes.Table.Where(row => row.Disconnect is not null && row.Code is not (0 or 0x8E)).Select(row => row.Code)];

    private bool Refuses(SimConnection connection, OutboundPacket packet, SimMessage message)
    {
        if (!world.Plan.IsMqtt5 || world.IsHealing || !world.Chance(SimStream.Broker, world.Plan.RefusesOneIn)) return false;
        var code = Refusals[world.Draw(SimStream.Broker, 0, Refusals.Length)];
        // Only a message that it holds can be "in use" when it is resent.
        if (code == 0x91 && packet.Dup) return false;
        message.Refusals++;
        connection.Published.Remove(packet.PacketId);
        Answer(connection, packet.Record!.QualityOfService == MqttQualityOfServiceLevel.AtLeastOnce ? AckKind.PubAck : AckKind.PubRec, packet.PacketId, code);
        return true;
    }

    /// <summary>A DISCONNECT with one of the codes that there are; without MQTT 5 the connection just ends.</summary>
    public void Disconnect(int choice)
    {
        if (Current is { } current) End(current, world.Plan.IsMqtt5 ? Disconnects[choice % Disconnects.Length] : null);
    }

    private void Answer(SimConnection connection, AckKind kind, PacketId id, byte code)
    {
        var ack = new Ack(kind, id, code);
        if (world.IsHealing || !world.Chance(SimStream.Broker, world.Plan.StrayAckOneIn))
        {
            Say(connection, ack);
            return;
        }

        var stray = world.Draw(SimStream.Broker, 0, 5) switch
        {
            0 => ack,
            1 => new Ack(AckKind.PubComp, new PacketId(60_000)),
            2 when kind == AckKind.PubRec => new Ack(AckKind.PubComp, id), // before the PUBREC, and so before any PUBREL
            2 => new Ack(AckKind.PubRec, new PacketId(60_001)),
            3 when kind == AckKind.PubRec => new Ack(AckKind.PubAck, id),
            3 when kind == AckKind.PubAck => new Ack(AckKind.PubRec, id),
            _ when kind == AckKind.PubRec && code < 0x80 && world.Plan.IsMqtt5 => new Ack(AckKind.PubRec, id, 0x87), // it has accepted
            _ => new Ack(AckKind.PubAck, new PacketId(60_002)),
        };
        var isEarly = stray.Kind == AckKind.PubComp && stray != ack;
        Say(connection, isEarly ? stray : ack);
        Say(connection, isEarly ? ack : stray);
    }

    private static void Say(SimConnection connection, Ack ack) => connection.ToClient(() => connection.Link.OnAck(connection, ack));
}
