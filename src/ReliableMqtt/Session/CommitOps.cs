using ReliableMqtt.Ledger;

namespace ReliableMqtt.Session;

/// <summary>
/// What a commit says, as the ledger is given it. The lists are the ledger's until it has answered (<see cref="AckLedger.CommitAsync"/>), and are filled anew for the next commit: so only those of an
/// answered one are emptied, and of one that may still be read they are let go.
/// </summary>
internal sealed class CommitOps
{
    public List<ConfirmOp> Confirms { get; private set; } = [];

    public List<ReleaseOp> Releases { get; private set; } = [];

    public List<DeadLetterOp> DeadLetters { get; private set; } = [];

    public List<MoveOp> Moves { get; private set; } = [];

    public List<DropOp> Drops { get; private set; } = [];

    public List<AssignOp> Assigns { get; private set; } = [];

    public List<AppendOp> Appends { get; private set; } = [];

    public void Fill(Commit commit)
    {
        foreach (var handshake in commit.Stored) Add(handshake);
        foreach (var (record, reason) in commit.Drops) Drops.Add(new(record.Sequence, record.MessageId, reason, record.Acceptor));
        foreach (var handshake in commit.Assigns) Assigns.Add(new(handshake.Record.Sequence, handshake.PacketId));
        for (var i = 0; i < commit.Appends.Count; i++) Appends.Add(new(commit.Appends[i].Record, i < commit.Direct.Count ? commit.Direct[i].PacketId : null));
    }

    private void Add(Handshake handshake)
    {
        var record = handshake.Record;
        switch (handshake.Stage)
        {
            case HandshakeStage.Confirming:
                Confirms.Add(new(handshake.PacketId, record.Sequence, record.MessageId, handshake.AckCode, record.Acceptor, record));
                break;
            case HandshakeStage.Releasing:
                Releases.Add(new(handshake.PacketId, handshake.ReleaseOrder));
                break;
            case HandshakeStage.Abandoning:
                DeadLetters.Add(new(handshake.PacketId, record.Sequence, record.MessageId, handshake.Reason!, record.Acceptor));
                break;
            case HandshakeStage.Refusing:
                Moves.Add(new(handshake.PacketId, handshake.PacketId, new(InflightStage.Parked, handshake.Order, 0, handshake.Refusals, handshake.DueAt)));
                break;
            case HandshakeStage.Renewing:
                Moves.Add(new(handshake.PacketId, handshake.NewPacketId, new(InflightStage.Sent, handshake.NewOrder, 0, handshake.Refusals)));
                break;
        }
    }

    /// <summary>Keeps nobody's message in memory, and no list that is longer than this.</summary>
    public void Clear(int atMost)
    {
        Confirms = Emptied(Confirms, atMost);
        Releases = Emptied(Releases, atMost);
        DeadLetters = Emptied(DeadLetters, atMost);
        Moves = Emptied(Moves, atMost);
        Drops = Emptied(Drops, atMost);
        Assigns = Emptied(Assigns, atMost);
        Appends = Emptied(Appends, atMost);
    }

    /// <summary>The list without its items, or a new one in place of one that has grown too long.</summary>
    public static List<T> Emptied<T>(List<T> list, int atMost)
    {
        if (list.Capacity > atMost) return [];
        list.Clear();
        return list;
    }
}
