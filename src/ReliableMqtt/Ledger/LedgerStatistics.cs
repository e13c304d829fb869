namespace ReliableMqtt.Ledger;

/// <summary>Counts of one publisher id's ledger.</summary>
/// <param name="Backlog">Messages accepted and not yet in flight.</param>
/// <param name="InFlight">Messages with a packet id.</param>
/// <param name="DeadLetters">Dead letters kept.</param>
/// <param name="PendingBytes">Bytes of backlog and in-flight messages.</param>
/// <param name="OldestAcceptedAt">When the oldest unfinished message was accepted; null when there is none, or when the store would have to look through too much to tell.</param>
/// <param name="Quarantined">Records that could not be read and were put aside.</param>
/// <param name="Tail">The highest sequence given out.</param>
/// <param name="LowestUnfinished">Every message with a sequence below this is finished, as the owner has told last.</param>
/// <param name="Totals">What was counted since the ledger was made; null of a ledger that does not count.</param>
public sealed record LedgerStatistics(
    long Backlog, long InFlight, long DeadLetters, long PendingBytes, DateTimeOffset? OldestAcceptedAt, long Quarantined = 0, long Tail = 0, long LowestUnfinished = 0,
    LedgerTotals? Totals = null);
