using System.CommandLine;
using MQTTnet.Formatter;
using MQTTnet.Protocol;
using ReliableMqtt.Sample.Display;
using ReliableMqtt.Sample.Publishing;
using ReliableMqtt.Sample.Settings;

namespace ReliableMqtt.Sample.Verbs;

/// <summary><c>publish</c>: rows of a file, lines, or generated messages, to any broker.</summary>
internal static class PublishVerb
{
    private static readonly TimeSpan LastWordsTimeout = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var broker = CommonOptions.Broker();
        broker.Required = false;
        var protocol = CommonOptions.Protocol();
        var qos = CommonOptions.QualityOfService();
        var window = CommonOptions.Window();
        var ledger = new Option<LedgerAddress>("--ledger")
        {
            Description = "Where accepted messages are kept: memory (lost with the process), sqlite:FILE, or redis[s]://[user:password@]host[:port][,options]; the options are "
                + "those of StackExchange.Redis. The same command run again after a crash publishes what is missing, and nothing twice",
            HelpName = "LEDGER",
            DefaultValueFactory = _ => LedgerAddress.Parse("memory"),
            CustomParser = argument => CommonOptions.Parse(argument, LedgerAddress.Parse),
        };
        var publisherId = new Option<string>("--publisher-id")
        {
            Description = "MQTT client id and name of the ledger; the same at each start",
            HelpName = "ID",
            Required = true,
        };
        var topic = new Option<string>("--topic") { Description = "With --csv, {column} is filled in; with --metrics, {metric} and {host}", Required = true };
        var csv = new Option<FileInfo>("--csv") { Description = "Publish one message a row, as a JSON object; message id FILE-ROW" }.AcceptExistingOnly();
        var lines = new Option<bool>("--lines") { Description = "Publish one message a line of the standard input" };
        var count = new Option<long?>("--count") { Description = "Publish so many generated messages", Validators = { r => CommonOptions.RequireBetween(r, 1, long.MaxValue) } };
        var metrics = CommonOptions.Seconds("--metrics", "Publish readings of this machine (CPU, load, memory, disk) so often, as JSON, until Ctrl-C; {metric} and {host} in the topic are filled in");
        var size = new Option<int>("--size")
        {
            Description = "Size of generated messages in bytes",
            HelpName = "BYTES",
            DefaultValueFactory = _ => 100,
            Validators = { r => CommonOptions.RequireBetween(r, 1, 256 * 1024) },
        };
        var rate = new Option<MessageRate>("--rate")
        {
            Description = "At most so many messages a second",
            HelpName = "N/s",
            DefaultValueFactory = _ => MessageRate.Unlimited,
            CustomParser = argument => CommonOptions.Parse(argument, MessageRate.Parse),
        };
        var minBackoff = CommonOptions.Seconds("--min-backoff", "Bound of the first random wait before a reconnect. Default 0.5");
        var maxBackoff = CommonOptions.Seconds("--max-backoff", "Bound of any wait before a reconnect. Default 30");
        var lease = CommonOptions.Seconds("--lease", "How long this process owns the publisher id without renewal; at least 5. Default 10");
        var flushTimeout = CommonOptions.Seconds("--flush-timeout", "How long to wait at the end for all confirms together. Default 300", "--confirm-timeout");
        var history = new Option<string?>("--history")
        {
            Description = "Append a line an event: I n (invoked), A n id (accepted), C n id (confirmed), F n reason (failed); - for the standard output",
            HelpName = "FILE",
        };
        var acceptOnly = new Option<bool>("--accept-only")
        {
            Description = "Only accept into the shared ledger, without a connection to the broker: another process with the same publisher id and ledger sends",
        };
        var verbose = new Option<bool>("--verbose") { Description = "The library's log on the standard error" };

        var command = new Command("publish", "Publishes messages and says what became of them; ends with 0 when all are confirmed (QoS 0: sent).")
        {
            broker, ledger, publisherId, topic, qos, csv, lines, count, metrics, size, protocol, window, rate, minBackoff, maxBackoff, lease, flushTimeout, history, acceptOnly, verbose,
        };
        command.Validators.Add(result =>
        {
            var sources = new[] { result.GetResult(csv) is not null, result.GetValue(lines), result.GetResult(count) is not null, result.GetResult(metrics) is not null };
            if (sources.Count(given => given) != 1) result.AddError("Give exactly one of --csv, --lines, --count and --metrics.");
            if (result.GetResult(broker) is null && !result.GetValue(acceptOnly)) result.AddError("Option '--broker' is required, unless --accept-only is given.");
            if (result.GetValue(acceptOnly) && result.GetValue(ledger)?.IsShared != true) result.AddError("--accept-only needs a ledger that others can reach: --ledger redis://… or sqlite:FILE");
        });

        command.SetAction((parsed, stop) =>
        {
            var version = parsed.GetValue(protocol) ?? MqttProtocolVersion.V500;
            var options = new ReliablePublisherOptions
            {
                PublisherId = parsed.GetRequiredValue(publisherId),
                Mqtt = parsed.GetValue(broker) is { } address ? client => address.Apply(client, version) : null,
                AcceptOnly = parsed.GetValue(acceptOnly),
                Ledger = parsed.GetRequiredValue(ledger).Create(),
                MaxInFlight = parsed.GetValue(window) ?? CommonOptions.DefaultWindow(version),
                MaxInFlightMqtt311 = parsed.GetValue(window) ?? CommonOptions.DefaultWindow(version),
                LoggerFactory = parsed.GetValue(verbose) ? new StderrLogging() : null,
            };
            if (parsed.GetValue(minBackoff) is { } min) options = options with { MinBackoff = TimeSpan.FromSeconds(min) };
            if (parsed.GetValue(maxBackoff) is { } max) options = options with { MaxBackoff = TimeSpan.FromSeconds(max) };

            if (parsed.GetValue(lease) is { } owned) options = options with { LeaseDuration = TimeSpan.FromSeconds(owned) };

            var level = parsed.GetValue(qos) ?? MqttQualityOfServiceLevel.AtLeastOnce;
            var target = parsed.GetRequiredValue(topic);
            var messages = parsed.GetValue(csv) is { } file ? MessageSource.FromCsvAsync(file.FullName, new TopicTemplate(target), level, stop)
                : parsed.GetValue(count) is { } number ? MessageSource.GenerateAsync(number, parsed.GetValue(size), target, level)
                : parsed.GetValue(metrics) is { } seconds ? MetricsSource.ReadAsync(TimeSpan.FromSeconds(seconds), new TopicTemplate(target), level, stop)
                : MessageSource.FromLinesAsync(new StreamReader(Console.OpenStandardInput()), target, level, stop);
            return RunAsync(
                options, messages, level, parsed.GetValue(rate), TimeSpan.FromSeconds(parsed.GetValue(flushTimeout) ?? 300), parsed.GetValue(history), stop);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        ReliablePublisherOptions options, IAsyncEnumerable<PublishMessage> messages, MqttQualityOfServiceLevel qualityOfService, MessageRate rate,
        TimeSpan flushTimeout, string? historyPath, CancellationToken stop)
    {
        using var history = HistoryFile.Open(historyPath);
        await using var publisher = await ReliablePublisher.StartAsync(options, stop);
        publisher.ReportLastingTrouble();
        var run = new PublishRun(publisher, history);
        var meter = new RateMeter();

        var work = WorkAsync();
        await LiveView.ShowAsync(() => FiguresOf(run.Tally, publisher.Status, meter), work, Console.Error);
        var isComplete = await work;
        var summaryRate = meter.Overall(run.Tally.Confirmed + run.Tally.Sent);

        // Disposing waits a while for what is pending, and answers everybody who waits.
        await publisher.DisposeAsync();
        using var lastWords = new CancellationTokenSource(LastWordsTimeout);
        await run.WaitForAllAsync(lastWords.Token);

        var tally = run.Tally;
        if (run.FirstProblem is { } problem) await Console.Error.WriteLineAsync($"first problem: {problem}");
        Console.WriteLine($"accepted={tally.Accepted} confirmed={tally.Confirmed} rejected={tally.Rejected} expired={tally.Expired} pending={tally.Pending} rate={summaryRate}");
        return isComplete && tally.IsEverythingDelivered ? CommandLine.Success : CommandLine.Failure;

        async Task<bool> WorkAsync()
        {
            try
            {
                if (qualityOfService == MqttQualityOfServiceLevel.AtMostOnce) await publisher.WaitForConnectionAsync(stop);
            }
            catch (OperationCanceledException)
            {
                return false;
            }

            await run.SendAsync(messages, rate, stop);
            if (stop.IsCancellationRequested) return false;
            using var flush = CancellationTokenSource.CreateLinkedTokenSource(stop);
            flush.CancelAfter(flushTimeout);
            return await run.WaitForAllAsync(flush.Token);
        }
    }

    private static IReadOnlyList<(string, string)> FiguresOf(PublishTally tally, PublisherStatus status, RateMeter meter) =>
    [
        ("connection", status.Connection.ToString()),
        ("accepted", $"{tally.Accepted}"),
        ("in flight", $"{status.InFlight}"),
        ("confirmed", $"{tally.Confirmed}"),
        ("pending", $"{tally.Pending}"),
        ("reconnects", $"{status.Reconnects}"),
        ("resumed", $"{status.Resumed}"),
        ("rate", meter.Current(tally.Confirmed + tally.Sent)),
    ];
}
