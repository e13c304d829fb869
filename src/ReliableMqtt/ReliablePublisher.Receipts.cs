using ReliableMqtt.Dispatch;
using ReliableMqtt.Ledger;

namespace ReliableMqtt;

// Receipts of messages that were accepted before, here or elsewhere; batches; flush.
public sealed partial class ReliablePublisher
{
    private static readonly TimeSpan AskLedgerAgain = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    public async Task<IReadOnlyList<PendingPublish>> EnqueueBatchAsync(IReadOnlyList<PublishMessage> messages, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var records = messages.Select(message => Prepare(message)).ToList();
        var tickets = records.ConvertAll(record => record.QualityOfService == 0 ? null : PostForAccept(record));
        var pending = new PendingPublish[records.Count];
        for (var i = 0; i < pending.Length; i++)
        {
            try
            {
                pending[i] = tickets[i] is { } ticket
                    ? await AcceptAsync(records[i], ticket, TimeoutOf(messages[i]), cancellationToken).ConfigureAwait(false)
                    : Finished(await SendAtMostOnceAsync(records[i], cancellationToken).ConfigureAwait(false));
            }
            catch (ReliablePublishException error) when (error.Reason != PublishFailure.PublisherDisposed)
            {
                // One outcome a message: the others of the batch may well be stored.
                pending[i] = Finished(error.Receipt);
            }
        }

        return pending;

        static PendingPublish Finished(PublishReceipt receipt) => new(receipt, _ => Task.FromResult(receipt));
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<PublishReceipt>> PublishBatchAsync(IReadOnlyList<PublishMessage> messages, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var records = messages.Select(message => Prepare(message)).ToList();
        var ends = records.Select((record, i) => Send(record, TimeoutOf(messages[i]), throws: false, cancellationToken)).ToList();
        // All of them end before any of them throws: none is left unobserved.
        await ((Task)Task.WhenAll(ends)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var receipts = new PublishReceipt[ends.Count];
        for (var i = 0; i < receipts.Length; i++)
        {
            try
            {
                receipts[i] = await ends[i].ConfigureAwait(false);
            }
            catch (ReliablePublishException error) when (error.Reason != PublishFailure.PublisherDisposed)
            {
                receipts[i] = error.Receipt;
            }
        }

        return receipts;
    }

    /// <inheritdoc />
    public async Task<PublishReceipt> GetReceiptAsync(MessageId messageId, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        if (messageId.IsEmpty) throw new ArgumentException("A message id is needed.", nameof(messageId));
        var answers = await _options.Ledger.FindAsync([messageId], cancellationToken).ConfigureAwait(false);
        return StatusReceipt.Of(answers[0]);
    }

    /// <inheritdoc />
    public async Task FlushAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        var flush = new FlushWaiter();
        if (!_pump.Post(new(PumpInputKind.Flush) { Subject = flush })) ThrowIfDisposed();
        await flush.Source.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits for the end of a message that is in the ledger: the pump tells it, or else the ledger is asked again and again.</summary>
    private async Task<PublishReceipt> WaitForEndAsync(PublishReceipt pending, long sequence, CancellationToken cancellationToken)
    {
        while (true)
        {
            var waiter = new EndWaiter(sequence, pending.MessageId, new TaskCompletionSource<PublishReceipt?>(TaskCreationOptions.RunContinuationsAsynchronously));
            if (!_pump.Post(new(PumpInputKind.Await) { Subject = waiter })) throw PublishErrors.Disposed(pending);
            var end = await waiter.Source.Task.WaitAsync(cancellationToken).ConfigureAwait(false)
                ?? await AskLedgerAsync(pending, cancellationToken).ConfigureAwait(false);
            // That the ledger knows nothing of it is the last word too: it ended long ago, or is lost with the store.
            if (end.IsFinal || end.Outcome == PublishOutcome.Unknown)
                return end with
                {
                    MessageId = pending.MessageId,
                    Topic = pending.Topic,
                    QualityOfService = pending.QualityOfService,
                    AcceptedAt = pending.AcceptedAt,
                    IsDuplicate = pending.IsDuplicate,
                };
            if (_stopping.IsCancellationRequested) throw PublishErrors.Disposed(pending);
            await Task.Delay(AskLedgerAgain, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<PublishReceipt> AskLedgerAsync(PublishReceipt pending, CancellationToken cancellationToken)
    {
        try
        {
            // Also while the publisher drains: the ledger is closed last.
            return StatusReceipt.Of((await _options.Ledger.FindAsync([pending.MessageId], cancellationToken).ConfigureAwait(false))[0]);
        }
        catch (ObjectDisposedException)
        {
            throw PublishErrors.Disposed(pending);
        }
        catch (LedgerUnavailableException)
        {
            return pending with { Outcome = PublishOutcome.Pending };
        }
    }
}
