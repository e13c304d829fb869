namespace ReliableMqtt.Ledger;

/// <summary>What became of one message that was offered to <see cref="AckLedger.AcceptAsync"/>.</summary>
public enum AcceptStatus
{
    /// <summary>It is in the ledger.</summary>
    Accepted,

    /// <summary>A message with this id is pending or was finished within the deduplication window; nothing was stored.</summary>
    Known,

    /// <summary>The ledger is full; nothing was stored.</summary>
    Full,
}

/// <summary>The answer for one message.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="MessageId">Its id, also when the ledger made it.</param>
/// <param name="Sequence">Its sequence when accepted.</param>
/// <param name="Existing">For <see cref="AcceptStatus.Known"/>: what is true of the message with that id.</param>
public readonly record struct AcceptAnswer(AcceptStatus Status, MessageId MessageId, long Sequence, StatusAnswer? Existing = null);
