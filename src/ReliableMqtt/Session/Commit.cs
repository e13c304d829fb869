using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Session;

/// <summary>The commit that is on its way to the ledger, with what its parts stand for in the session.</summary>
internal sealed class Commit
{
    public long Operation { get; private set; }

    /// <summary>Handshakes whose stage it stores, in the order of the events.</summary>
    public List<Handshake> Stored { get; } = [];

    /// <summary>Records that leave the head of the backlog unsent; the reason is null when expired.</summary>
    public List<(LedgerRecord Record, DeadLetterReason? Reason)> Drops { get; } = [];

    /// <summary>Handshakes that begin with it from the head of the backlog.</summary>
    public List<Handshake> Assigns { get; } = [];

    /// <summary>New messages, with sequences as expected; the first <see cref="Direct"/>.Count become handshakes at once.</summary>
    public List<Incoming> Appends { get; set; } = [];

    public List<Handshake> Direct { get; set; } = [];

    /// <summary>The place of what was sent last, as it stands again should no append become a handshake at once.</summary>
    public SendOrder OrderBeforeAppends { get; set; }

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

    /// <summary>Keeps nobody's message in memory.</summary>
    public Commit Clear()
    {
        Stored.Clear();
        Drops.Clear();
        Assigns.Clear();
        Appends.Clear();
        Direct.Clear();
        return this;
    }

    public bool IsEmpty => Stored.Count == 0 && Drops.Count == 0 && Assigns.Count == 0 && Appends.Count == 0 && !SavesSession;
}
