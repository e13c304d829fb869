using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Session;

/// <summary>The commit that is on its way to the ledger, with what its parts stand for in the session.</summary>
internal sealed class Commit
{
    public long Operation { get; private set; }

    /// <summary>Handshakes whose stage it stores, in the order of the events.</summary>
    public List<Handshake> Stored { get; private set; } = [];

    /// <summary>Records that leave the head of the backlog unsent; the reason is null when expired.</summary>
    public List<(LedgerRecord Record, DeadLetterReason? Reason)> Drops { get; private set; } = [];

    /// <summary>Handshakes that begin with it from the head of the backlog.</summary>
    public List<Handshake> Assigns { get; private set; } = [];

    /// <summary>New messages, with sequences as expected; the first <see cref="Direct"/>.Count become handshakes at once.</summary>
    public List<Incoming> Appends { get; set; } = [];

    public List<Handshake> Direct { get; set; } = [];

    /// <summary>The place of what was sent last, as it stands again should no append become a handshake at once.</summary>
    public SendOrder OrderBeforeAppends { get; set; }

    /// <summary>What the ledger is given.</summary>
    public CommitOps Ops { get; private set; } = new();

    public bool SavesSession { get; set; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>The state of the broker's session that it stores, or null.</summary>
    public BrokerSession? Session { get; set; }

    /// <summary>Begins another one with the lists of this, which has been answered.</summary>
    public Commit Begin(long operation)
    {
        Operation = operation;
        return this;
    }

    /// <summary>It is to be said anew, in other lists: the ledger has had these.</summary>
    public void Rephrase() => Ops = new CommitOps();

    /// <summary>Keeps nobody's message in memory.</summary>
    /// <param name="atMost">Longer lists are let go: one commit in a thousand needs such.</param>
    /// <param name="mayStillBeRead">What the ledger was given may still be read.</param>
    public Commit Clear(int atMost, bool mayStillBeRead)
    {
        Stored = CommitOps.Emptied(Stored, atMost);
        Drops = CommitOps.Emptied(Drops, atMost);
        Assigns = CommitOps.Emptied(Assigns, atMost);
        Appends = CommitOps.Emptied(Appends, atMost);
        Direct = CommitOps.Emptied(Direct, atMost);
        if (mayStillBeRead) Rephrase();
        else Ops.Clear(atMost);
        return this;
    }

    public bool IsEmpty => Stored.Count == 0 && Drops.Count == 0 && Assigns.Count == 0 && Appends.Count == 0 && !SavesSession;
}
