using System.CommandLine;
using ReliableMqtt.Sample.Demo;
using ReliableMqtt.Sample.Settings;

namespace ReliableMqtt.Sample.Verbs;

/// <summary><c>demo</c>: everything in one process, or with <c>--kill</c> with publishers in others; nothing to install.</summary>
internal static class DemoVerb
{
    public static Command Create()
    {
        var seed = CommonOptions.Seed();
        var kill = new Option<bool>("--kill") { Description = "Publish by processes of their own, and kill each with -9 four times on the way" };
        var verbose = new Option<bool>("--verbose") { Description = "The library's log on the standard error" };
        var command = new Command("demo", "Publishes real readings to a broker in this process, while links are cut and the broker restarts; counts what arrives.")
        {
            seed, kill, verbose,
        };
        command.SetAction((parsed, stop) =>
            new DemoRun(parsed.GetValue(seed) ?? Random.Shared.Next(), parsed.GetValue(kill), parsed.GetValue(verbose) ? new StderrLogging() : null).RunAsync(stop));
        return command;
    }
}
