using System.Diagnostics.CodeAnalysis;
using ReliableMqtt.Sample.Settings;

namespace ReliableMqtt.Sample.Publishing;

/// <summary>
/// Publishes many messages at full speed: it hands them to the publisher without waiting for the one before, and follows each to its end. The
/// number of messages on their way is bounded, which is all the flow control that an application needs.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore without a wait handle holds nothing, and late followers still release it.")]
internal sealed class PublishRun(IReliablePublisher publisher, HistoryFile history)
{
    private const int MaxOnTheirWay = 10_000;

    private readonly SemaphoreSlim _room = new(MaxOnTheirWay);
    private string? _firstProblem;

    public PublishTally Tally { get; } = new();

    /// <summary>Why the first message that failed did so, for people.</summary>
    public string? FirstProblem => _firstProblem;

    /// <summary>Sends all messages; returns when the last was handed over, or when stopped.</summary>
    public async Task SendAsync(IAsyncEnumerable<PublishMessage> messages, MessageRate rate, CancellationToken stop)
    {
        var start = TimeProvider.System.GetTimestamp();
        var number = 0L;
        try
        {
            await foreach (var message in messages.WithCancellation(stop))
            {
                var early = rate.DueTime(number++) - TimeProvider.System.GetElapsedTime(start);
                if (early > TimeSpan.Zero) await Task.Delay(early, stop);
                await _room.WaitAsync(stop);
                _ = FollowAsync(message);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // What was handed over is followed on; the rest is not published.
        }
    }

    /// <summary>Waits until every message has come to its end.</summary>
    /// <returns>False when stopped before.</returns>
    public async Task<bool> WaitForAllAsync(CancellationToken stop)
    {
        var taken = 0;
        try
        {
            // Whoever holds all the room knows that nothing is on its way.
            for (; taken < MaxOnTheirWay; taken++) await _room.WaitAsync(stop);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        finally
        {
            if (taken > 0) _room.Release(taken);
        }
    }

    private async Task FollowAsync(PublishMessage message)
    {
        var number = Tally.CountInvoked();
        var isAccepted = false;
        try
        {
            history.Invoked(number);
            var pending = await publisher.EnqueueAsync(message);
            isAccepted = true;
            Tally.CountAccepted();
            if (pending.Receipt.Outcome != PublishOutcome.Sent) history.Accepted(number, pending.MessageId);

            // No timeout here: the wait ends with the message, or with the publisher.
            CountEnd(number, await pending.WaitForConfirmAsync());
        }
        catch (ReliablePublishException error) when (error.Receipt.Outcome == PublishOutcome.NotAccepted && !isAccepted)
        {
            Tally.CountNotAccepted();
            history.Failed(number, error.Message);
            Interlocked.CompareExchange(ref _firstProblem, error.Message, null);
        }
        catch (ReliablePublishException error)
        {
            // Disposed while it was pending, or nobody knows: no last word about this message.
            CountEnd(number, error.Receipt);
            Interlocked.CompareExchange(ref _firstProblem, error.Message, null);
        }
        finally
        {
            _room.Release();
        }
    }

    private void CountEnd(long number, PublishReceipt receipt)
    {
        Tally.CountEnd(receipt.Outcome);
        if (receipt.Outcome == PublishOutcome.Confirmed)
            history.Confirmed(number, receipt.MessageId);
        else if (receipt.IsFinal && receipt.Outcome != PublishOutcome.Sent)
        {
            var reason = $"{receipt.Outcome} {receipt.ReasonCode:x2} {receipt.ReasonString}";
            history.Failed(number, reason);
            Interlocked.CompareExchange(ref _firstProblem, reason, null);
        }
    }
}
