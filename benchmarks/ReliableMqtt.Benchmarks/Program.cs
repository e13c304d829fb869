using System.CommandLine;
using ReliableMqtt.Benchmarks;

var messages = new Option<int>("--messages") { Description = "Messages a round.", DefaultValueFactory = _ => 40_000 };
var rounds = new Option<int>("--rounds") { Description = "Rounds; all contenders run in turn in each.", DefaultValueFactory = _ => 5 };
var window = new Option<int>("--window") { Description = "Messages in flight.", DefaultValueFactory = _ => 256 };
var size = new Option<int>("--size") { Description = "Bytes of payload.", DefaultValueFactory = _ => 128 };
var compare = new Command("compare", "ReliableMqtt against MQTTnet's own pipelined PublishAsync, interleaved, on a mosquitto of its own.")
{
    messages, rounds, window, size,
};
compare.SetAction((result, cancellation) => Comparison.RunAsync(
    result.GetValue(messages), result.GetValue(rounds), result.GetValue(window), result.GetValue(size), cancellation));
return await new RootCommand("Speed, measured against a baseline in the same run.") { compare }.Parse(args).InvokeAsync();
