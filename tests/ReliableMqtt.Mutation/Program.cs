using System.CommandLine;
using ReliableMqtt.Mutation;

var directories = new Option<string[]>("--directory") { Description = "What to mutate, from the root of the repository.", DefaultValueFactory = _ => ["src/ReliableMqtt/Session"], AllowMultipleArgumentsPerToken = true };
var jobs = new Option<int>("--jobs") { Description = "How many test processes at once.", DefaultValueFactory = _ => Environment.ProcessorCount };
var only = new Option<string[]>("--file") { Description = "Only mutants of files whose name contains one of these.", AllowMultipleArgumentsPerToken = true };
var least = new Option<double>("--least") { Description = "The lowest score, in per cent, with which it ends well.", DefaultValueFactory = _ => 90 };
var folder = new Option<string?>("--continue") { Description = "A folder to keep the build and the killed mutants in: those are not tried again as long as src/ stays as it is." };
var quick = new Option<bool>("--quick") { Description = "Only the quick tests of session and ledger: what then lives is a question, not an answer." };
var command = new RootCommand("Changes the committed code in small ways, one at a time, and looks whether a test fails.") { directories, jobs, only, least, folder, quick };
command.SetAction((parsed, stop) => new MutationRun
{
    Directories = parsed.GetValue(directories)!,
    Jobs = parsed.GetValue(jobs),
    Files = parsed.GetValue(only) ?? [],
    Least = parsed.GetValue(least),
    Folder = parsed.GetValue(folder),
    OnlyQuick = parsed.GetValue(quick),
}.ExecuteAsync(stop));
return await command.Parse(args).InvokeAsync();
