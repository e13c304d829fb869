using System.Runtime.CompilerServices;
using ReliableMqtt.Ledger;

namespace ReliableMqtt;

/// <summary>The messages of a publisher id that were given up: refused for good or too often, caught by a lost session, or beyond a broker's limits.</summary>
/// <remarks>They are kept as <see cref="ReliablePublisherOptions.MaxDeadLetters"/> and <see cref="ReliablePublisherOptions.DeadLetterRetention"/> say.</remarks>
public sealed class DeadLetterBox
{
    private const int PageSize = 100;

    private readonly AckLedger _ledger;

    internal DeadLetterBox(AckLedger ledger) => _ledger = ledger;

    /// <summary>Reads the dead letters in the order of their failing, page by page: there may be more than fit into memory.</summary>
    /// <exception cref="LedgerUnavailableException">The ledger does not answer.</exception>
    public async IAsyncEnumerable<DeadLetter> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? continuation = null;
        do
        {
            var page = await _ledger.ListDeadLettersAsync(continuation, PageSize, cancellationToken).ConfigureAwait(false);
            foreach (var letter in page.Items) yield return letter;
            continuation = page.Continuation;
        }
        while (continuation is not null);
    }

    /// <summary>
    /// Puts a dead letter at the end of the backlog, to be published again under its message id. A receiver that has it already can tell by that id.
    /// </summary>
    /// <exception cref="LedgerUnavailableException">The ledger does not answer; whether it was replayed is not known. Calling again is safe.</exception>
    public ValueTask<ReplayAnswer> ReplayAsync(MessageId messageId, CancellationToken cancellationToken = default) =>
        _ledger.ReplayAsync(messageId, cancellationToken);

    /// <summary>Throws a dead letter away for good; its receipt then reads <see cref="PublishOutcome.Purged"/>. False when there is none.</summary>
    /// <exception cref="LedgerUnavailableException">The ledger does not answer. Calling again is safe.</exception>
    public ValueTask<bool> PurgeAsync(MessageId messageId, CancellationToken cancellationToken = default) =>
        _ledger.PurgeAsync(messageId, cancellationToken);
}
