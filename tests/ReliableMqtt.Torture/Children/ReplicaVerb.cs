using System.CommandLine;
using System.Globalization;
using MQTTnet.Protocol;
using ReliableMqtt.Torture.Checks;

namespace ReliableMqtt.Torture.Children;

/// <summary>
/// <c>child-replica</c>: one process of a fleet. On <c>publish N</c> or <c>publish N-M</c> it publishes these numbers at QoS 2, each under the message id of its number, and tells their
/// history; what it is unsure of it publishes again, by the same id.
/// </summary>
internal static class ReplicaVerb
{
    public const string Name = "child-replica";
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(100);

    public static Command Create()
    {
        var acceptOnly = new Option<bool>("--accept-only");
        var size = new Option<int>("--size") { DefaultValueFactory = _ => 100 };
        return ChildOptions.Create(Name, async (parsed, options, history, stop) =>
        {
            var publisher = await ReliablePublisher.StartAsync(options with { AcceptOnly = parsed.GetValue(acceptOnly), ShutdownTimeout = TimeSpan.FromSeconds(1) }, stop);
            await using (publisher)
            {
                publisher.ConnectionStateChangedAsync += change =>
                {
                    history.State(change.State.ToString().ToLowerInvariant(), System.Diagnostics.Stopwatch.GetTimestamp());
                    return Task.CompletedTask;
                };
                history.State("started", System.Diagnostics.Stopwatch.GetTimestamp());
                await foreach (var command in ChildOptions.CommandsAsync())
                {
                    var (first, last) = Range(command);
                    for (var number = first; number <= last; number++) _ = PublishAsync(publisher, number, parsed.GetValue(size), history);
                }
            }

            history.State("stopped", System.Diagnostics.Stopwatch.GetTimestamp());
        }, acceptOnly, size);
    }

    /// <summary>The topic of a number.</summary>
    public static string TopicOf(long number) => string.Create(CultureInfo.InvariantCulture, $"fleet/{number % 8}");

    private static async Task PublishAsync(ReliablePublisher publisher, long number, int size, HistoryWriter history)
    {
        var message = new PublishMessage(
            TopicOf(number), Payload.Encode(number, TopicOf(number), size), MqttQualityOfServiceLevel.ExactlyOnce,
            new PublishOptions { MessageId = new MessageId(string.Create(CultureInfo.InvariantCulture, $"m-{number}")) });
        history.Invoked(number);
        while (true)
        {
            try
            {
                var pending = await publisher.EnqueueAsync(message);
                history.Accepted(number);
                var receipt = await pending.WaitForConfirmAsync();
                Tell(number, receipt, history);
                return;
            }
            catch (ReliablePublishException error) when (error.Reason == PublishFailure.PublisherDisposed)
            {
                return; // The next life of this process goes on with it.
            }
            catch (ReliablePublishException error) when (error.IsTransient || error.Receipt.Outcome == PublishOutcome.Unknown)
            {
                await Task.Delay(Again);
            }
            catch (Exception error)
            {
                history.Failed(number, $"{error.GetType().Name}: {error.Message}");
                return;
            }
        }
    }

    private static void Tell(long number, PublishReceipt receipt, HistoryWriter history)
    {
        if (receipt.Outcome == PublishOutcome.Confirmed) history.Confirmed(number);
        else if (receipt.Outcome == PublishOutcome.Unknown) history.Unknown(number, receipt.ReasonString ?? "");
        else history.Failed(number, $"{receipt.Outcome} {receipt.ReasonString}");
    }

    private static (long First, long Last) Range(string command)
    {
        var numbers = command["publish ".Length..].Split('-');
        return (long.Parse(numbers[0], CultureInfo.InvariantCulture), long.Parse(numbers[^1], CultureInfo.InvariantCulture));
    }
}
