using System.CommandLine;
using ReliableMqtt.Benchmarks;

var messages = new Option<int>("--messages") { Description = "Messages a round.", DefaultValueFactory = _ => 40_000 };
var rounds = new Option<int>("--rounds") { Description = "Rounds; all contenders run in turn in each.", DefaultValueFactory = _ => 5 };
var window = new Option<int>("--window") { Description = "Messages in flight.", DefaultValueFactory = _ => 256 };
var size = new Option<int>("--size") { Description = "Bytes of payload.", DefaultValueFactory = _ => 128 };
var compare = new Command("compare", "ReliableMqtt against MQTTnet's own pipelined PublishAsync and a naive Redis loop, interleaved, on servers of its own (mosquitto and redis-server must be installed).")
{
    messages, rounds, window, size,
};
compare.SetAction((result, cancellation) => Comparison.RunAsync(
    result.GetValue(messages), result.GetValue(rounds), result.GetValue(window), result.GetValue(size), cancellation));
var footprint = new Command("footprint", "What a message costs Redis, from its own counts: memory while pending, commands and bytes over its life.");
footprint.SetAction((_, cancellation) => Footprint.RunAsync(cancellation));
return await new RootCommand("Speed, measured against a baseline in the same run, and costs, counted.") { compare, footprint }.Parse(args).InvokeAsync();
