using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Oracle;

/// <summary>What is known of one connection.</summary>
internal sealed class AuditedConnection(int number, int receiveMaximum)
{
    private readonly Dictionary<ushort, int> _owed = [];

    public int Number => number;

    /// <summary>Whose it is.</summary>
    public AuditedSession? Session { get; set; }

    /// <summary>The CONNACK said that the broker has the session: this is the time to resend.</summary>
    public bool Resumed { get; private set; }

    /// <summary>The client has sent DISCONNECT.</summary>
    public bool SaidGoodbye { get; set; }

    /// <summary>How many PUBLISHes may be unacknowledged.</summary>
    public int ReceiveMaximum { get; private set; } = receiveMaximum;

    /// <summary>The largest packet that the broker takes, in bytes.</summary>
    public long MaximumPacketSize { get; private set; } = long.MaxValue;

    /// <summary>The packet ids of PUBLISHes of this connection whose last ack has not come.</summary>
    public HashSet<ushort> Unacknowledged { get; } = [];

    /// <summary>Those of SUBSCRIBEs and UNSUBSCRIBEs that are not answered.</summary>
    public HashSet<ushort> Requests { get; } = [];

    /// <summary>Acks that have ended nothing, and so gave nothing back to the window.</summary>
    public int Strays { get; set; }

    /// <summary>The place in the order of the last PUBLISH that was resent.</summary>
    public long LastResent { get; set; }

    /// <summary>The place of the PUBREC of the last PUBREL.</summary>
    public long LastPubRec { get; set; }

    /// <summary>The first new PUBLISH has left: nothing may wait to be resent any more.</summary>
    public bool HasSentNew { get; set; }

    public void Accept(WirePacket connAck)
    {
        Resumed = connAck.SessionPresent;
        ReceiveMaximum = Math.Min(ReceiveMaximum, connAck.ReceiveMaximum ?? 65_535);
        MaximumPacketSize = connAck.MaximumPacketSize ?? long.MaxValue;
    }

    /// <summary>A PUBREC has come that is answered by a PUBREL although no handshake waits for it.</summary>
    public void OwePubRel(ushort packetId) => _owed[packetId] = _owed.GetValueOrDefault(packetId) + 1;

    /// <summary>Whether a PUBREL is such an answer.</summary>
    public bool PayPubRel(ushort packetId)
    {
        if (_owed.GetValueOrDefault(packetId) == 0) return false;
        _owed[packetId]--;
        return true;
    }
}
