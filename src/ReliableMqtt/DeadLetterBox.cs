using System.Runtime.CompilerServices;
using ReliableMqtt.Ledger;

namespace ReliableMqtt;

/// <summary>The messages of a publisher id that were given up: refused for good or too often, caught by a lost session, beyond a broker's limits, or poison.</summary>
/// <remarks>
/// <para>They are kept as <see cref="ReliablePublisherOptions.MaxDeadLetters"/> and <see cref="ReliablePublisherOptions.DeadLetterRetention"/> say. Whatever
/// leaves, by purge or by retention, reads <see cref="PublishOutcome.Purged"/> from then on, never confirmed.</para>
/// <para>All calls work on the ledger, from any process that has the publisher id open, and page by page: no number of dead letters is a matter of memory.
/// Several of them may run at the same time.</para>
/// </remarks>
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

    /// <summary>Reads one page, for a user interface: in the order of their failing. The page after it goes on behind its last one, also when that is gone by then.</summary>
    /// <param name="continuation">Null for the first page, else the <see cref="DeadLetterPage.Continuation"/> of the page before.</param>
    /// <param name="count">How many at most; a ledger may give fewer. At least 1.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ArgumentException">The continuation is not one of this ledger's.</exception>
    /// <exception cref="LedgerUnavailableException">The ledger does not answer.</exception>
    public ValueTask<DeadLetterPage> ListPageAsync(string? continuation = null, int count = PageSize, CancellationToken cancellationToken = default) =>
        _ledger.ListDeadLettersAsync(continuation, count, cancellationToken);

    /// <summary>The dead letter with this message id, or null when there is none: it never failed, was replayed, or was purged.</summary>
    /// <exception cref="LedgerUnavailableException">The ledger does not answer.</exception>
    public ValueTask<DeadLetter?> FindAsync(MessageId messageId, CancellationToken cancellationToken = default) =>
        _ledger.FindDeadLetterAsync(messageId, cancellationToken);

    /// <summary>
    /// Puts a dead letter at the end of the backlog, to be published again under its message id. A receiver that has it already can tell by that id.
    /// </summary>
    /// <exception cref="LedgerUnavailableException">The ledger does not answer; whether it was replayed is not known. Calling again is safe.</exception>
    public ValueTask<ReplayAnswer> ReplayAsync(MessageId messageId, CancellationToken cancellationToken = default) =>
        _ledger.ReplayAsync(messageId, cancellationToken);

    /// <summary>
    /// Replays the dead letters there are at the start of the call, in the order of their failing. One that fails again meanwhile is not replayed a second
    /// time by the same call. Stops when the ledger is full; the rest stay dead letters.
    /// </summary>
    /// <param name="where">Which of them; null for all. What it throws ends the call.</param>
    /// <param name="cancellationToken">Ends the call; what was replayed by then is.</param>
    /// <exception cref="LedgerUnavailableException">The ledger does not answer; some may have been replayed. Calling again is safe.</exception>
    public async Task<ReplaySummary> ReplayAllAsync(Func<DeadLetter, bool>? where = null, CancellationToken cancellationToken = default)
    {
        var summary = default(ReplaySummary);
        await foreach (var letter in PresentAsync(where, cancellationToken).ConfigureAwait(false))
        {
            switch ((await _ledger.ReplayAsync(letter.Record.MessageId, cancellationToken).ConfigureAwait(false)).Status)
            {
                case ReplayStatus.Replayed:
                    summary = summary with { Replayed = summary.Replayed + 1 };
                    break;
                case ReplayStatus.Full:
                    return summary with { StoppedFull = true };
                default:
                    summary = summary with { Skipped = summary.Skipped + 1 };
                    break;
            }
        }

        return summary;
    }

    /// <summary>Throws a dead letter away for good; its receipt then reads <see cref="PublishOutcome.Purged"/>. False when there is none.</summary>
    /// <exception cref="LedgerUnavailableException">The ledger does not answer. Calling again is safe.</exception>
    public ValueTask<bool> PurgeAsync(MessageId messageId, CancellationToken cancellationToken = default) =>
        _ledger.PurgeAsync(messageId, cancellationToken);

    /// <summary>Throws the dead letters away that there are at the start of the call. Their receipts then read <see cref="PublishOutcome.Purged"/>.</summary>
    /// <param name="where">Which of them; null for all. What it throws ends the call.</param>
    /// <param name="cancellationToken">Ends the call; what was purged by then is.</param>
    /// <returns>How many this call has purged.</returns>
    /// <exception cref="LedgerUnavailableException">The ledger does not answer; some may have been purged. Calling again is safe.</exception>
    public async Task<long> PurgeAllAsync(Func<DeadLetter, bool>? where = null, CancellationToken cancellationToken = default)
    {
        var purged = 0L;
        await foreach (var letter in PresentAsync(where, cancellationToken).ConfigureAwait(false))
            if (await _ledger.PurgeAsync(letter.Record.MessageId, cancellationToken).ConfigureAwait(false)) purged++;
        return purged;
    }

    // Numbers rise: what has failed since stands behind the youngest one of the first page.
    private async IAsyncEnumerable<DeadLetter> PresentAsync(Func<DeadLetter, bool>? where, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var page = await _ledger.ListDeadLettersAsync(null, PageSize, cancellationToken).ConfigureAwait(false);
        var last = page.Youngest;
        while (true)
        {
            foreach (var letter in page.Items)
            {
                if (letter.Number > last) yield break;
                if (where?.Invoke(letter) ?? true) yield return letter;
            }

            if (page.Continuation is null) yield break;
            page = await _ledger.ListDeadLettersAsync(page.Continuation, PageSize, cancellationToken).ConfigureAwait(false);
        }
    }
}
