using System.CommandLine;
using System.Text;
using MQTTnet;
using MQTTnet.Formatter;
using ReliableMqtt.Deduplication;
using ReliableMqtt.Redis;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Verbs.Receiving;
using StackExchange.Redis;

namespace ReliableMqtt.Torture.Children;

/// <summary>
/// <c>child-handle</c>: subscribes, and adds one to the effect of each message in Redis. Its journal has a line an event, <c>C n</c> connected for the n-th time, <c>D n</c> delivered, <c>B n</c> handler begun, <c>E n</c> handler ended,
/// which a kill takes nothing from that was written.
/// </summary>
internal static class HandleVerb
{
    public const string Name = "child-handle", ClientId = "handler", Effects = "effects";

    /// <summary>How many messages it has in hand at most.</summary>
    public const int Concurrency = 4;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50), ClaimTimeout = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var redis = new Option<string>("--redis") { Required = true };
        var broker = new Option<int>("--broker") { Required = true };
        var journal = new Option<string>("--journal") { Required = true };
        var mode = new Option<HandlerMode>("--mode") { Required = true };
        var verbose = new Option<bool>("--verbose");
        var command = new Command(Name, "For the program itself.") { redis, broker, journal, mode, verbose };
        command.Hidden = true;
        command.SetAction(async (parsed, stop) =>
        {
            await using var output = Console.OpenStandardOutput();
            await using var lines = new FileStream(parsed.GetRequiredValue(journal), FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 1);
            await using var multiplexer = await ConnectionMultiplexer.ConnectAsync(parsed.GetRequiredValue(redis));
            await using var store = new RedisProcessedMessageStore(multiplexer, "torture");
            using var client = new MqttClientFactory().CreateMqttClient();
            client.ApplicationMessageReceivedAsync += args => Note(lines, 'D', args.ApplicationMessage);
            await using var receiver = Handle(client, store, multiplexer.GetDatabase(), lines, parsed.GetRequiredValue(mode), parsed.GetValue(verbose));
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var connecting = StayConnectedAsync(client, parsed.GetValue(broker), connection =>
            {
                Note(lines, 'C', $"{connection}");
                new HistoryWriter(output).State("subscribed", connection);
            }, ending.Token);
            await foreach (var _ in ChildOptions.CommandsAsync())
            {
            }

            await ending.CancelAsync();
            await connecting;
            return CommandLine.Success;
        });
        return command;
    }

    private static DeduplicatedReceiver? Handle(IMqttClient client, RedisProcessedMessageStore store, IDatabase database, FileStream lines, HandlerMode mode, bool verbose)
    {
        if (mode == HandlerMode.None)
        {
            client.ApplicationMessageReceivedAsync += async args =>
            {
                await Note(lines, 'B', args.ApplicationMessage);
                await database.HashIncrementAsync(Effects, NumberOf(args.ApplicationMessage));
                await Note(lines, 'E', args.ApplicationMessage);
            };
            return null;
        }

        var options = new DeduplicationOptions { ClaimTimeout = ClaimTimeout, MaxConcurrency = Concurrency, MinBackoff = Pause, ShutdownTimeout = TimeSpan.FromSeconds(5), LoggerFactory = verbose ? new StderrLogging() : null };
        return client.UseDeduplication(
            store,
            async (received, cancel) =>
            {
                await Note(lines, 'B', received.Message);
                var number = NumberOf(received.Message);
                if (mode == HandlerMode.Transaction) await store.CommitAsync(received, transaction => transaction.HashIncrementAsync(Effects, number), cancel);
                else await database.HashIncrementAsync(Effects, number);
                await Note(lines, 'E', received.Message);
            },
            options);
    }

    private static async Task StayConnectedAsync(IMqttClient client, int port, Action<int> tell, CancellationToken stop)
    {
        var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", port).WithProtocolVersion(MqttProtocolVersion.V500)
            .WithClientId(ClientId).WithCleanStart(false).WithSessionExpiryInterval(3_600).WithReceiveMaximum(200).Build();
        for (var connections = 0; !stop.IsCancellationRequested;)
        {
            try
            {
                if (!client.IsConnected)
                {
                    var connected = await client.ConnectAsync(options, stop);
                    if (!connected.IsSessionPresent)
                        await client.SubscribeAsync(new MqttClientSubscribeOptionsBuilder().WithTopicFilter(filter => filter.WithTopic("#").WithExactlyOnceQoS()).Build(), stop);
                    tell(++connections);
                }

                await Task.Delay(Pause, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception)
            {
                // The broker is away, or MqttClient still closes the last connection.
                await Task.WhenAny(Task.Delay(Pause, stop));
            }
        }
    }

    private static Task Note(FileStream lines, char what, MqttApplicationMessage message) => Note(lines, what, NumberOf(message));

    private static Task Note(FileStream lines, char what, string number)
    {
        var line = Encoding.ASCII.GetBytes($"{what} {number}\n");
        lock (lines)
        {
            lines.Write(line);
            lines.Flush();
        }

        return Task.CompletedTask;
    }

    private static string NumberOf(MqttApplicationMessage message) => Encoding.ASCII.GetString(message.Payload);
}
