namespace ReliableMqtt.Ledger;

/// <summary>
/// What a ledger has counted since it was made, in the same step that changed it: so no kill of a process makes a message count twice or not at all, and at any moment
/// accepted = confirmed + expired + dead-lettered + put aside + backlog + in flight.
/// </summary>
/// <param name="Accepted">Messages accepted; a replayed dead letter is accepted once more.</param>
/// <param name="Confirmed">Messages that the broker has confirmed.</param>
/// <param name="Expired">Messages that expired before they were sent.</param>
/// <param name="DeadLettered">Messages that became dead letters, whatever became of these.</param>
/// <param name="PutAside">Pending records that could not be read and were put aside.</param>
/// <remarks>After a store has lost writes and an owner has put them right, what was both accepted and finished in what is lost is not counted on either side.</remarks>
public sealed record LedgerTotals(long Accepted, long Confirmed, long Expired, long DeadLettered, long PutAside);
