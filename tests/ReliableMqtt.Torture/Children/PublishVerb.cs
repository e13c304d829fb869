using System.CommandLine;
using System.Globalization;
using MQTTnet.Protocol;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Controls;

namespace ReliableMqtt.Torture.Children;

/// <summary>
/// <c>child-publish</c>: a publisher that is to be killed. On <c>publish N</c> or <c>publish N-M</c> it publishes these numbers in their order, each once. What becomes of a message is told by the
/// publisher's events, so that a life also tells of what an earlier one has left in the ledger.
/// </summary>
internal static class PublishVerb
{
    public const string Name = "child-publish";

    /// <summary>A dead broker, proxy or network is found after this time.</summary>
    public static TimeSpan KeepAlive { get; } = TimeSpan.FromSeconds(3);

    private const int Topics = 32;

    public static Command Create()
    {
        var qos = new Option<int>("--qos") { Required = true };
        var policy = new Option<SessionLossPolicy>("--policy");
        var flaw = new Option<string?>("--flaw");
        return ChildOptions.Create(Name, async (parsed, options, history, stop) =>
        {
            var level = (MqttQualityOfServiceLevel)parsed.GetValue(qos);
            var connect = options.Mqtt!;
            options = options with
            {
                Mqtt = client =>
                {
                    connect(client);
                    client.WithKeepAlivePeriod(KeepAlive);
                },
                AckTimeout = TimeSpan.FromSeconds(4),
                ConnectTimeout = TimeSpan.FromSeconds(4),
                SessionLossPolicy = parsed.GetValue(policy),
                ShutdownTimeout = TimeSpan.Zero,
                FaultedRetryInterval = TimeSpan.FromSeconds(1),
                PoisonQuiet = TimeSpan.FromMilliseconds(400),
            };
            await using var publisher = await ReliablePublisher.StartAsync(Flaws.Apply(parsed.GetValue(flaw), options), stop);
            publisher.ConfirmedAsync += receipt => Tell(() => history.Confirmed(NumberOf(receipt.MessageId)));
            publisher.DeadLetteredAsync += receipt => Tell(() => history.Failed(NumberOf(receipt.MessageId), $"{receipt.Outcome} {receipt.ReasonString}"));
            history.State("started");
            await foreach (var command in ChildOptions.CommandsAsync())
            {
                if (SqliteOptions.TryDoom(command)) continue;
                var numbers = command["publish ".Length..].Split('-');
                var (first, last) = (Parse(numbers[0]), Parse(numbers[^1]));
                // Numbers of one publisher are two apart: the other one has those between.
                for (var number = first; number <= last; number += 2) _ = PublishAsync(publisher, number, level, history);
            }
        }, qos, policy, flaw);
    }

    /// <summary>The topic of a number.</summary>
    public static string TopicOf(long number) => string.Create(CultureInfo.InvariantCulture, $"torture/{number & 1}/{(number >> 1) % Topics}");

    /// <summary>The payload of a number: most are small, one in 20 has up to 4 KiB.</summary>
    public static byte[] PayloadOf(long number)
    {
        var draw = unchecked((uint)(number * 2654435761L) >> 7);
        return Payload.Encode(number, TopicOf(number), (int)(draw % 20 == 0 ? draw % 4_097 : draw % 400));
    }

    private static async Task PublishAsync(ReliablePublisher publisher, long number, MqttQualityOfServiceLevel qos, HistoryWriter history)
    {
        history.Invoked(number);
        try
        {
            await publisher.EnqueueAsync(new PublishMessage(
                TopicOf(number), PayloadOf(number), qos, new PublishOptions { MessageId = new MessageId(string.Create(CultureInfo.InvariantCulture, $"m-{number}")) }));
            history.Accepted(number);
        }
        catch (ReliablePublishException error) when (error.Receipt.Outcome == PublishOutcome.Unknown)
        {
            history.Unknown(number, error.Message);
        }
        catch (Exception error)
        {
            history.Failed(number, $"{error.GetType().Name}: {error.Message}");
        }
    }

    private static Task Tell(Action line)
    {
        line();
        return Task.CompletedTask;
    }

    private static long NumberOf(MessageId id) => Parse(id.Value[2..]);

    private static long Parse(string number) => long.Parse(number, CultureInfo.InvariantCulture);
}
