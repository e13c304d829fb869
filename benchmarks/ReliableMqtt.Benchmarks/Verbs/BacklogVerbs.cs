using System.CommandLine;
using ReliableMqtt.Benchmarks.Backlog;
using ReliableMqtt.Benchmarks.Brokers;

namespace ReliableMqtt.Benchmarks.Verbs;

/// <summary>drain and pending: their options.</summary>
internal static class BacklogVerbs
{
    public static Command Drain()
    {
        var messages = new Option<int>("--messages") { Description = "How many are accepted while the broker is away.", DefaultValueFactory = _ => 1_000_000 };
        var window = new Option<int>("--window") { Description = "Messages in flight.", DefaultValueFactory = _ => 256 };
        var size = new Option<int>("--size") { Description = "Bytes of payload.", DefaultValueFactory = _ => 128 };
        var qos = ListOption.OfNumbers("--qos", "Qualities of service.", [1, 2]);
        var broker = BrokerOption.Create();
        var command = new Command("drain", "The rate at which a backlog leaves, against that of live messages.") { messages, window, size, qos, broker };
        command.SetAction((result, cancellation) => Backlog.Drain.RunAsync(
            result.GetValue(messages), result.GetValue(window), result.GetValue(size), result.GetValue(qos)!, BrokerOf.Names(result.GetValue(broker)), cancellation));
        return command;
    }

    public static Command Pending()
    {
        var pending = ListOption.OfNumbers("--pending", "How many messages are pending; at least 10,000.", [10_000, 5_000_000]);
        var qos = new Option<int>("--qos") { Description = "Quality of service.", DefaultValueFactory = _ => 1 };
        var command = new Command("pending", "What a message costs Redis while others are pending, from its own counts.") { pending, qos };
        command.SetAction((result, cancellation) => PendingCost.RunAsync(result.GetValue(pending)!, result.GetValue(qos), cancellation));
        return command;
    }
}
