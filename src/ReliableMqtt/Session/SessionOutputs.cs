using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Session;

/// <summary>A new message on its way into the session, and whom to tell.</summary>
internal interface ITicket
{
    /// <summary>The session puts the message into a commit: from here on withdrawing it is too late. False when it was withdrawn before.</summary>
    bool TryTake();

    /// <summary>It is to be stored anew, and may be withdrawn again.</summary>
    /// <param name="mayBeStored">It is not known whether an earlier attempt has stored it.</param>
    void GiveBack(bool mayBeStored = false);
}

/// <summary>What became known of a message.</summary>
internal enum CompletionKind
{
    /// <summary>It is in the ledger.</summary>
    Accepted,

    /// <summary>A message with its id was there before; nothing was stored.</summary>
    Known,

    /// <summary>The ledger is full, and the policy is not to wait; nothing was stored.</summary>
    Full,

    /// <summary>It has come to its end.</summary>
    Finished,
}

/// <summary>Something to tell the outside.</summary>
internal readonly record struct Completion(CompletionKind Kind, LedgerRecord Record)
{
    /// <summary>Whom the answer is for, unless the message is finished: then waiters are found by its sequence.</summary>
    public ITicket? Ticket { get; init; }

    public PublishOutcome Outcome { get; init; }

    public byte? ReasonCode { get; init; }

    public string? ReasonString { get; init; }

    public int Attempts { get; init; }

    /// <summary>When its last packet left on this connection; null when none has.</summary>
    public DateTimeOffset? SentAt { get; init; }

    public StatusAnswer? Existing { get; init; }
}

/// <summary>A packet that did not belong where it came.</summary>
internal readonly record struct StrayAck(Ack Ack, HandshakeStage? Stage, HandshakeError Error);

/// <summary>What the session wants done. Drained by its driver after every turn, in this order: completions, sends, the rest.</summary>
internal sealed class SessionOutputs
{
    private List<Completion> _taken = [];

    public List<Completion> Completions { get; private set; } = [];

    public List<OutboundPacket> Sends { get; } = [];

    public List<StrayAck> Strays { get; } = [];

    /// <summary>Ping the broker, and tell <see cref="PublishSession.OnAlive"/> when it answers.</summary>
    public bool Probe { get; set; }

    /// <summary>From here on messages leave one at a time, to find out whether this one ends the connections; worth a word in the log.</summary>
    public LedgerRecord? Suspect { get; set; }

    /// <summary>End this connection.</summary>
    public RecycleReason? Recycle { get; set; }

    /// <summary>The ledger has lost writes: this is to be written into it before anything is sent.</summary>
    public LedgerRestore? Restore { get; set; }

    /// <summary>The ledger no longer obeys: stop, and start anew from what it holds.</summary>
    public CommitStatus? Stopped { get; set; }

    /// <summary>The completions so far, each of which is told once, whatever happens meanwhile. Good until the next call.</summary>
    public List<Completion> TakeCompletions()
    {
        _taken.Clear();
        (_taken, Completions) = (Completions, _taken);
        return _taken;
    }

    public void Clear()
    {
        Completions.Clear();
        Sends.Clear();
        Strays.Clear();
        Probe = false;
        Suspect = null;
        Recycle = null;
        Restore = null;
    }
}
