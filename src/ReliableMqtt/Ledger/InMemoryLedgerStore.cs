using System.Collections.Concurrent;

namespace ReliableMqtt.Ledger;

/// <summary>
/// What a server would be for other ledgers: several <see cref="InMemoryAckLedger"/> objects on one store behave like several processes.
/// Its content is gone with the process.
/// </summary>
public sealed class InMemoryLedgerStore
{
    private readonly ConcurrentDictionary<string, InMemoryPublisher> _publishers = new(StringComparer.Ordinal);

    /// <summary>The state of one publisher id, made when it is asked for first.</summary>
    internal InMemoryPublisher Of(string publisherId) => _publishers.GetOrAdd(publisherId, static _ => new InMemoryPublisher());

    /// <summary>The state of one publisher id; null when nobody has asked for it to be made.</summary>
    internal InMemoryPublisher? Find(string publisherId) => _publishers.GetValueOrDefault(publisherId);
}
