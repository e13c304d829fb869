using System.CommandLine;
using ReliableMqtt.Benchmarks.Brokers.Null;

namespace ReliableMqtt.Benchmarks.Verbs;

/// <summary>null-broker: its options.</summary>
internal static class NullBrokerVerb
{
    public static Command Create()
    {
        var port = new Option<int>("--port") { Description = "Where it listens on the loopback address; 0 for a free port.", DefaultValueFactory = _ => 1883 };
        var receiveMaximum = new Option<ushort>("--receive-maximum") { Description = "What it states in its CONNACK.", DefaultValueFactory = _ => ushort.MaxValue };
        var confirms = new Option<long>("--confirms") { Description = "How many messages of a connection it confirms; it keeps silent about others.", DefaultValueFactory = _ => long.MaxValue };
        var command = new Command("null-broker", "A broker that acknowledges everything and delivers nothing, until it is killed.") { port, receiveMaximum, confirms };
        command.SetAction((result, cancellation) => NullBrokerHost.RunAsync(result.GetValue(port), result.GetValue(receiveMaximum), result.GetValue(confirms), cancellation));
        return command;
    }
}
