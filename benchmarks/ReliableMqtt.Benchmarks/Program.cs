using System.CommandLine;
using ReliableMqtt.Benchmarks.Micro;
using ReliableMqtt.Benchmarks.Verbs;

var footprint = new Command("footprint", "What a message costs Redis, from its own counts: memory while pending, commands and bytes over its life.");
footprint.SetAction((_, cancellation) => Footprint.RunAsync(cancellation));
return await new RootCommand("Speed, measured against baselines in the same run, and costs, counted.")
{
    CompareVerb.Create(), PlotVerb.Create(), BacklogVerbs.Drain(), BacklogVerbs.Pending(), footprint, FloorsVerb.Create(), NullBrokerVerb.Create(), MicroVerb.Create(),
}.Parse(args).InvokeAsync();
