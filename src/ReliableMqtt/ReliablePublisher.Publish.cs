using MQTTnet;
using MQTTnet.Protocol;
using ReliableMqtt.Dispatch;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt;

// From the call to the accept, and from the accept to the receipt.
public sealed partial class ReliablePublisher
{
    /// <inheritdoc />
    public Task<PublishReceipt> PublishAsync(MqttApplicationMessage message, PublishOptions? options = null, CancellationToken cancellationToken = default) =>
        PublishAsync(RecordFactory.FromMqttNet(message, options), cancellationToken);

    /// <inheritdoc />
    public Task<PublishReceipt> PublishAsync(PublishMessage message, CancellationToken cancellationToken = default) =>
        message is null ? Task.FromException<PublishReceipt>(new ArgumentNullException(nameof(message))) : ((IDraftPublisher)this).PublishAsync(message, cancellationToken);

    /// <inheritdoc />
    Task<PublishReceipt> IDraftPublisher.PublishAsync(in PublishDraft draft, CancellationToken cancellationToken)
    {
        if (Tracing.Source.HasListeners()) return PublishTracedAsync(draft, throws: true, cancellationToken);
        try
        {
            return Send(Prepare(draft), TimeoutOf(draft), throws: true, cancellationToken);
        }
        catch (Exception error)
        {
            return Task.FromException<PublishReceipt>(error);
        }
    }

    private async Task<PublishReceipt> PublishTracedAsync(PublishDraft message, bool throws, CancellationToken cancellationToken)
    {
        using var activity = Tracing.StartPublish(_options.PublisherId, message.Topic, message.QualityOfService);
        try
        {
            var receipt = await Send(Prepare(message), TimeoutOf(message), throws, cancellationToken).ConfigureAwait(false);
            Tracing.End(activity, receipt);
            return receipt;
        }
        catch (Exception error)
        {
            Tracing.End(activity, error);
            throw;
        }
    }

    /// <inheritdoc />
    public async Task<PublishReceipt> TryPublishAsync(PublishMessage message, CancellationToken cancellationToken = default)
    {
        try
        {
            if (Tracing.Source.HasListeners()) return await PublishTracedAsync(message, throws: false, cancellationToken).ConfigureAwait(false);
            return await Send(Prepare(message), TimeoutOf(message), throws: false, cancellationToken).ConfigureAwait(false);
        }
        catch (ReliablePublishException error) when (error.Reason is not (PublishFailure.InvalidMessage or PublishFailure.MessageTooLarge
            or PublishFailure.NotSupportedByBroker or PublishFailure.PublisherDisposed))
        {
            return error.Receipt;
        }
    }

    /// <inheritdoc />
    public async Task<PendingPublish> EnqueueAsync(PublishMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        using var activity = Tracing.StartCreate(_options.PublisherId, message.Topic, message.QualityOfService);
        try
        {
            var pending = await EnqueueAsync(Prepare(message), TimeoutOf(message), cancellationToken).ConfigureAwait(false);
            Tracing.End(activity, pending.Receipt);
            return pending;
        }
        catch (Exception error)
        {
            Tracing.End(activity, error);
            throw;
        }
    }

    private async Task<PendingPublish> EnqueueAsync(LedgerRecord record, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (record.QualityOfService == MqttQualityOfServiceLevel.AtMostOnce)
        {
            var sent = await SendAtMostOnceAsync(record, cancellationToken).ConfigureAwait(false);
            return new PendingPublish(sent, _ => Task.FromResult(sent));
        }

        return await AcceptAsync(record, PostForAccept(record), timeout, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Accept, send, wait for the end.</summary>
    private Task<PublishReceipt> Send(LedgerRecord record, TimeSpan timeout, bool throws, CancellationToken cancellationToken)
    {
        if (record.QualityOfService == MqttQualityOfServiceLevel.AtMostOnce) return SendAtMostOnceAsync(record, cancellationToken);
        var call = new PublishCall(this, throws) { Record = record };
        call.Begin(timeout, cancellationToken);
        try
        {
            Post(record, call);
        }
        catch (ReliablePublishException error)
        {
            call.Fail(error);
        }

        return call.Task!;
    }

    private TimeSpan TimeoutOf(in PublishDraft message) => message.Options?.ConfirmTimeout ?? _options.ConfirmTimeout;

    /// <summary>Everything that can be wrong with a message is found here, before anything is stored.</summary>
    private LedgerRecord Prepare(in PublishDraft message)
    {
        ThrowIfDisposed();
        MessageValidator.Validate(message, _options.MaxPayloadSize, _connection.IsMqtt5);
        var record = RecordFactory.Create(message, _time.GetUtcNow(), isTraced: _options.PropagateTraceContext && _connection.IsMqtt5);
        if (_connection.Current is { } broker && BrokerLimits.Find(broker, record) is { } limit)
            throw PublishErrors.BrokerLimit(record, limit, tooLarge: record.QualityOfService <= broker.MaximumQoS && (!record.Retain || broker.RetainAvailable));
        return record;
    }

    private PublishTicket PostForAccept(LedgerRecord record)
    {
        var ticket = new PublishTicket(wantsConfirm: false) { Record = record };
        Post(record, ticket);
        return ticket;
    }

    private void Post(LedgerRecord record, PublishTicket ticket)
    {
        if (record.MessageId.IsAutomatic)
        {
            _ = AnswerKnownAsync(record, ticket);
            return;
        }

        if (!_pump.Post(new(PumpInputKind.Publish) { Record = record, Subject = ticket }))
            throw PublishErrors.Disposed(PublishErrors.NotAccepted(record));
    }

    /// <summary>
    /// An automatic id that the application gives back, after a timeout say: the ledger made it, so the ledger knows the message, and nothing is
    /// stored a second time.
    /// </summary>
    private async Task AnswerKnownAsync(LedgerRecord record, PublishTicket ticket)
    {
        try
        {
            var existing = (await _options.Ledger.FindAsync([record.MessageId], _stopping.Token).ConfigureAwait(false))[0];
            if (existing.Status == LedgerStatus.Unknown) ticket.Fail(PublishErrors.UnknownAutomaticId(record));
            else ticket.Accept(new AcceptAnswer(AcceptStatus.Known, record.MessageId, existing.Sequence, existing));
        }
        catch (LedgerUnavailableException error)
        {
            ticket.Fail(PublishErrors.NotAsked(record, error));
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
        {
            ticket.Fail(PublishErrors.Disposed(PublishErrors.NotAccepted(record) with { Outcome = PublishOutcome.Unknown, MessageId = record.MessageId }));
        }
    }

    private async Task<PublishReceipt> SendAtMostOnceAsync(LedgerRecord record, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        uint? expiry = record.ExpiresAt is { } at ? (uint)Math.Ceiling((at - record.AcceptedAt).TotalSeconds) : null;
        if (!await _connection.PublishAtMostOnceAsync(record, expiry).ConfigureAwait(false)) throw PublishErrors.NotConnected(record);
        return new PublishReceipt
        {
            Outcome = PublishOutcome.Sent,
            Topic = record.Topic,
            QualityOfService = record.QualityOfService,
            MessageId = record.HasApplicationId ? record.MessageId : default,
            AcceptedAt = record.AcceptedAt,
            Attempts = 1,
        };
    }

    /// <summary>Waits for the accept.</summary>
    private async Task<PendingPublish> AcceptAsync(LedgerRecord record, PublishTicket ticket, TimeSpan timeout, CancellationToken cancellationToken)
    {
        await WaitAsync(record, ticket, timeout, cancellationToken).ConfigureAwait(false);
        var answer = ticket.Answer!.Value;
        if (answer.Status == AcceptStatus.Full) throw PublishErrors.Full(record);
        var known = answer.Status == AcceptStatus.Known;
        var receipt = known ? StatusReceipt.Of(answer.Existing!) with { IsDuplicate = true } : PublishCall.ReceiptOf(record, answer);
        return new PendingPublish(receipt, token => receipt.IsFinal
            ? Task.FromResult(receipt)
            : WaitForEndAsync(receipt, answer.Sequence, token));
    }

    /// <summary>A duplicate, a full ledger, or a message whose end this process no longer learns by itself.</summary>
    internal async Task FindEndAsync(PublishCall call)
    {
        try
        {
            var (record, answer) = (call.Record!, call.Answer!.Value);
            if (answer.Status == AcceptStatus.Full) throw PublishErrors.Full(record);
            var receipt = answer.Status == AcceptStatus.Known ? StatusReceipt.Of(answer.Existing!) with { IsDuplicate = true } : PublishCall.ReceiptOf(record, answer);
            call.End(receipt.IsFinal ? receipt : await WaitForEndAsync(receipt, answer.Sequence, call.BeginSearch(receipt)).ConfigureAwait(false));
        }
        catch (Exception error)
        {
            call.Fail(error); // Where the call had ended before, its caller knows.
        }
    }

    private static readonly TimeSpan CommitGrace = TimeSpan.FromMilliseconds(500);

    /// <summary>Waits for a ticket, and says what is true when the time is over first.</summary>
    private async Task<PublishReceipt?> WaitAsync(LedgerRecord record, PublishTicket ticket, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            return await ticket.Done.WaitAsync(timeout, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            ticket.TryWithdraw();
            throw;
        }
        catch (TimeoutException)
        {
            return await OnTimeoutAsync(record, ticket, timeout).ConfigureAwait(false);
        }
    }

    /// <summary>The time is over. When a commit has the message just now, a moment more mostly tells what is true of it.</summary>
    private async Task<PublishReceipt?> OnTimeoutAsync(LedgerRecord record, PublishTicket ticket, TimeSpan timeout)
    {
        if (ticket.Answer is null && !ticket.TryWithdraw())
            await Task.WhenAny(ticket.Done, Task.Delay(CommitGrace, _time)).ConfigureAwait(false);
        if (ticket.Answer is not { } answer)
            throw ticket.IsWithdrawn ? PublishErrors.NotStoredInTime(record, timeout, full: _pump.Snapshot.IsFull) : PublishErrors.Unknown(record, timeout);
        if (ticket.Done.IsCompleted) return await ticket.Done.ConfigureAwait(false);
        throw PublishErrors.ConfirmTimeout(PublishCall.ReceiptOf(record, answer), timeout, record.ExpiresAt is not null);
    }
}
