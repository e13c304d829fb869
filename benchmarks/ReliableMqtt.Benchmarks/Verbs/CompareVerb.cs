using System.CommandLine;
using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Compare;

namespace ReliableMqtt.Benchmarks.Verbs;

/// <summary>compare: its options.</summary>
internal static class CompareVerb
{
    private static readonly Option<bool> Quick = new("--quick") { Description = "128 B, windows 1 and 256, three short rounds: under four minutes with both brokers." };
    private static readonly Option<IReadOnlyList<int>> Qos = ListOption.OfNumbers("--qos", "Qualities of service.", [1, 2, 0]);
    private static readonly Option<IReadOnlyList<int>> Windows = ListOption.OfNumbers("--window", "Messages in flight.", [1, 20, 256, 1024]);
    private static readonly Option<IReadOnlyList<int>> Sizes = ListOption.OfNumbers("--size", "Bytes of payload.", [128, 1024, 16384]);
    private static readonly Option<IReadOnlyList<string>> Only = ListOption.OfTexts("--only", "Contenders, by a part of their names. MQTTnet pipelined is always there.", []);
    private static readonly Option<int> Rounds = new("--rounds") { Description = "Rounds after one that warms up; all contenders run in turn in each.", DefaultValueFactory = _ => 3 };
    private static readonly Option<int> Messages = new("--messages") { Description = "Messages of a run, at most.", DefaultValueFactory = _ => 1_000_000 };
    private static readonly Option<double> Seconds = new("--seconds") { Description = "How long a run should take; its messages are counted out by the round that warms up.", DefaultValueFactory = _ => 1 };
    private static readonly Option<string?> Json = new("--json") { Description = "A file for everything that was measured." };
    private static readonly Option<string> Broker = BrokerOption.Create();

    public static Command Create()
    {
        var command = new Command("compare",
            "ReliableMqtt against a raw socket, MQTTnet's own PublishAsync and a naive Redis loop, interleaved, on servers of its own (mosquitto and redis-server must be installed). All of it takes about an hour.")
        {
            Quick, Qos, Windows, Sizes, Only, Rounds, Messages, Seconds, Json, Broker,
        };
        command.SetAction((result, cancellation) => Comparison.RunAsync(Options(result), cancellation));
        return command;
    }

    private static CompareOptions Options(ParseResult result)
    {
        var quick = result.GetValue(Quick);
        T Value<T>(Option<T> option, T whenQuick) => quick && result.GetResult(option) is null or { Implicit: true } ? whenQuick : result.GetValue(option)!;
        return new CompareOptions
        {
            Qos = result.GetValue(Qos)!,
            Windows = Value(Windows, [1, 256]),
            Sizes = Value(Sizes, [128]),
            Only = result.GetValue(Only)!,
            Brokers = BrokerOf.Names(result.GetValue(Broker)),
            Rounds = result.GetValue(Rounds),
            Messages = result.GetValue(Messages),
            Seconds = Value(Seconds, 0.35),
            Json = result.GetValue(Json),
        };
    }
}
