using System.CommandLine;
using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Floors;
using ReliableMqtt.Benchmarks.Report;

namespace ReliableMqtt.Benchmarks.Verbs;

/// <summary>floors: its options.</summary>
internal static class FloorsVerb
{
    public static Command Create()
    {
        var rounds = new Option<int>("--rounds") { Description = "Rounds after one that warms up; everything runs in turn in each.", DefaultValueFactory = _ => 9 };
        var messages = new Option<int>("--messages") { Description = "Messages of a run, one after the other.", DefaultValueFactory = _ => 1_000 };
        var sizes = ListOption.OfNumbers("--size", "Bytes of the large payloads.", [16384]);
        var seconds = new Option<double>("--seconds") { Description = "How long a run of large payloads should take.", DefaultValueFactory = _ => 1 };
        var command = new Command("floors", "What any ledger in this Redis could do with mosquitto on this machine, with everysec: bare calls of Redis in place of the ledger's, and beside it.")
        {
            rounds, messages, sizes, seconds,
        };
        command.SetAction((result, cancellation) => RunAsync(result.GetValue(rounds), result.GetValue(messages), result.GetValue(sizes)!, result.GetValue(seconds), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(int rounds, int messages, IReadOnlyList<int> sizes, double seconds, CancellationToken cancellationToken)
    {
        await using var redis = await RedisServer.StartAsync("everysec", cancellationToken);
        await using var broker = await Mosquitto.StartAsync(cancellationToken);
        Console.WriteLine(await Machine.ReadAsync(redis));
        await SequentialFloor.RunAsync(redis, broker, rounds, messages, cancellationToken);
        foreach (var size in sizes) await LargeFloor.RunAsync(redis, broker, size, rounds, seconds, cancellationToken);
        return 0;
    }
}
