using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Oracle;

/// <summary>A message under a packet id, from its first PUBLISH to its last ack.</summary>
/// <param name="publish">Its first PUBLISH, as far as one was seen.</param>
/// <param name="place">Its place in the order of first PUBLISHes.</param>
internal sealed class Exchange(WirePacket publish, long place)
{
    public WirePacket Publish => publish;

    public ushort PacketId => publish.PacketId;

    public long Place => place;

    /// <summary>The connection that has carried its last PUBLISH or PUBREL.</summary>
    public int SentOn { get; set; } = publish.Connection;

    /// <summary>Its last PUBLISH was one with DUP.</summary>
    public bool Resent { get; set; } = publish.Dup;

    /// <summary>The place of its PUBREC among all; 0 while there is none, or none that counts.</summary>
    public long PubRec { get; set; }

    /// <summary>The connection on which its PUBREL has left last; 0 while it has not.</summary>
    public int ReleasedOn { get; set; }

    /// <summary>Its last ack has passed on this connection; 0 while it has not.</summary>
    public int OverOn { get; set; }

    /// <summary>The last ack was a PUBREC that refuses.</summary>
    public bool Refused { get; set; }

    /// <summary>It is certainly not over. Where its ack has passed on an earlier connection, the publisher may know it or not.</summary>
    public bool IsOpen => OverOn == 0;

    public bool IsOf(WirePacket other) =>
        (publish.Qos, publish.Topic, publish.Payload, publish.MessageId) == (other.Qos, other.Topic, other.Payload, other.MessageId);

    /// <summary>The publisher has sent it again, so it has not seen what came last.</summary>
    public void GoOn(WirePacket packet) => (SentOn, OverOn, Refused) = (packet.Connection, 0, false);

    public override string ToString() =>
        $"first seen on {publish.Connection}{(publish.Dup ? " with DUP" : "")}, last sent on {SentOn}{(PubRec == 0 ? "" : ", has its PUBREC")}{(ReleasedOn == 0 ? "" : $", released on {ReleasedOn}")}{(Refused ? ", refused" : "")}";
}
