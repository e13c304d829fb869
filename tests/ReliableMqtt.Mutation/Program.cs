using System.CommandLine;
using ReliableMqtt.Mutation;

var directories = new Option<string[]>("--directory") { Description = "What to mutate, from the root of the repository.", DefaultValueFactory = _ => ["src/ReliableMqtt/Session"], AllowMultipleArgumentsPerToken = true };
var jobs = new Option<int>("--jobs") { Description = "How many test processes at once.", DefaultValueFactory = _ => Environment.ProcessorCount };
var only = new Option<string?>("--file") { Description = "Only mutants of files whose name contains this." };
var least = new Option<double>("--least") { Description = "The lowest score, in per cent, with which it ends well.", DefaultValueFactory = _ => 90 };
var command = new RootCommand("Changes the code in small ways, one at a time, and looks whether a test fails.") { directories, jobs, only, least };
command.SetAction((parsed, stop) => MutationRun.ExecuteAsync(
    parsed.GetValue(directories)!, parsed.GetValue(jobs), parsed.GetValue(only), parsed.GetValue(least), stop));
return await command.Parse(args).InvokeAsync();
