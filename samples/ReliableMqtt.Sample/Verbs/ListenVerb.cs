using System.CommandLine;
using Microsoft.Extensions.Logging;
using MQTTnet.Formatter;
using MQTTnet.Protocol;
using ReliableMqtt.Sample.Listening;
using ReliableMqtt.Sample.Publishing;
using ReliableMqtt.Sample.Settings;

namespace ReliableMqtt.Sample.Verbs;

/// <summary><c>listen</c>: counts deliveries, each message id apart.</summary>
internal static class ListenVerb
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    public static Command Create()
    {
        var broker = CommonOptions.Broker();
        var protocol = CommonOptions.Protocol();
        var qos = CommonOptions.QualityOfService();
        var topic = new Option<string>("--topic") { Description = "The topic filter", Required = true };
        var clientId = new Option<string>("--client-id") { Description = "The MQTT client id", HelpName = "ID", Required = true };
        var persistent = new Option<bool>("--persistent")
        {
            Description = "Ask the broker to keep the session for 7 days of outage instead of 1 minute. It begins anew at each start of this "
                + "program, since the packet ids of received messages are not kept on disk: start the listener before the publisher, and let it run",
        };
        var dedupe = new Option<DedupeAddress?>("--dedupe")
        {
            Description = "Count each message once, over restarts and kills of this program too: what was counted is kept in sqlite:FILE or redis[s]://[user:password@]host[:port][,options], under the client id, "
                + "and so is what is needed to resume the session at the broker",
            HelpName = "STORE",
            CustomParser = argument => CommonOptions.Parse<DedupeAddress?>(argument, DedupeAddress.Parse),
        };
        var count = new Option<long?>("--count") { Description = "End after so many distinct messages", Validators = { r => CommonOptions.RequireBetween(r, 1, long.MaxValue) } };
        var idle = CommonOptions.Seconds("--idle", "End after so long without a message, counted from the subscription on");
        var history = new Option<string?>("--history")
        {
            Description = "Append a line D id for each delivery; - for the standard output",
            HelpName = "FILE",
        };
        var verbose = new Option<bool>("--verbose") { Description = "The library's log on the standard error" };

        var command = new Command(
            "listen", "Subscribes, prints 'listening', and counts deliveries until --count, --idle or Ctrl-C; ends with 1 when --count was not reached.")
        {
            broker, topic, qos, clientId, persistent, dedupe, count, idle, protocol, history, verbose,
        };
        command.SetAction(async (parsed, stop) =>
        {
            ILoggerFactory? logging = parsed.GetValue(verbose) ? new StderrLogging() : null;
            using var deliveries = HistoryFile.Open(parsed.GetValue(history));
            Listener listener;
            try
            {
                listener = await Listener.StartAsync(
                    parsed.GetRequiredValue(clientId), client => parsed.GetRequiredValue(broker).Apply(client, parsed.GetValue(protocol) ?? MqttProtocolVersion.V500),
                    parsed.GetRequiredValue(topic), parsed.GetValue(qos) ?? MqttQualityOfServiceLevel.AtLeastOnce,
                    parsed.GetValue(persistent) ? TimeSpan.FromDays(7) : TimeSpan.FromMinutes(1), parsed.GetValue(dedupe), deliveries, logging, stop);
            }
            catch (Exception error) when (error is OperationCanceledException or InvalidOperationException)
            {
                await Console.Error.WriteLineAsync($"not listening: {error.Message}");
                return CommandLine.Failure;
            }

            await using (listener)
            {
                Console.WriteLine("listening");
                return await CountAsync(listener, parsed.GetValue(count), parsed.GetValue(idle), stop);
            }
        });
        return command;
    }

    private static async Task<int> CountAsync(Listener listener, long? count, double? idleSeconds, CancellationToken stop)
    {
        var deliveries = listener.Deliveries;
        var idle = idleSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue;
        try
        {
            while (!(deliveries.Distinct >= count) && deliveries.Idle < idle) await Task.Delay(PollInterval, stop);
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C ends the count, not the answer.
        }

        Console.WriteLine($"received={deliveries.Received} distinct={deliveries.Distinct} duplicates={deliveries.Duplicates}{(listener.Copies is { } copies ? $" copies={copies}" : "")}");
        return count is null || deliveries.Distinct >= count ? CommandLine.Success : CommandLine.Failure;
    }
}
