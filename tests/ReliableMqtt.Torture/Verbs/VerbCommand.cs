using System.CommandLine;
using System.Diagnostics;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Torture.Reports;

namespace ReliableMqtt.Torture.Verbs;

/// <summary>What all verbs have in common: the seed comes first, the report last, and nothing runs for ever.</summary>
internal static class VerbCommand
{
    private static readonly TimeSpan QuickLimit = TimeSpan.FromMinutes(4), FullLimit = TimeSpan.FromMinutes(60);

    /// <summary>Makes a verb.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it shows.</param>
    /// <param name="runAsync">Runs it, and fills the report.</param>
    /// <param name="more">Options of its own.</param>
    public static Command Create(string name, string description, Func<ParseResult, Run, Task> runAsync, params Option[] more)
    {
        var seed = new Option<int?>("--seed") { Description = "Repeats the random choices, not the timing. Default: a new one, which is printed", HelpName = "N" };
        var quick = new Option<bool>("--quick") { Description = "The short run, under a minute" };
        var json = new Option<string?>("--json") { Description = "Also writes the report there", HelpName = "FILE" };
        var verbose = new Option<bool>("--verbose") { Description = "The library's log on the standard error" };
        var command = new Command(name, description) { seed, quick, json, verbose };
        foreach (var option in more) command.Options.Add(option);
        command.SetAction((parsed, stop) =>
        {
            var asked = new Asked(name, parsed.GetValue(seed), parsed.GetValue(quick), parsed.GetValue(quick) ? QuickLimit : FullLimit, parsed.GetValue(json), parsed.GetValue(verbose));
            return ExecuteAsync(asked, run => runAsync(parsed, run), stop);
        });
        return command;
    }

    /// <summary>Runs what was asked for, and reports. The exit code.</summary>
    public static async Task<int> ExecuteAsync(Asked asked, Func<Run, Task> runAsync, CancellationToken stop)
    {
        var report = new Report(asked.Name, asked.Seed ?? Random.Shared.Next(1, 1_000_000), asked.IsQuick);
        Console.WriteLine($"seed={report.Seed}");
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limited.CancelAfter(asked.Limit);
        Require.Cancellation = limited.Token;
        return await RunAsync(new Run(report, asked.Verbose ? new StderrLogging() : null, limited.Token), runAsync, asked.Json);
    }

    private static async Task<int> RunAsync(Run run, Func<Run, Task> runAsync, string? json)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            await runAsync(run);
        }
        catch (MissingException missing)
        {
            await Console.Error.WriteLineAsync($"{run.Report.Verb} cannot run here: {missing.Message}");
            return CommandLine.BadUsage;
        }
        catch (Exception error)
        {
            // Whatever it is, the run has not come to its end; what it had found by then is still worth a report.
            run.Report.Require("the run comes to its end", false, $"{error.GetType().Name}", $"no error");
            run.Report.Detail(error.ToString());
        }

        run.Report.Figure("seconds", Stopwatch.GetElapsedTime(started).TotalSeconds);
        Console.WriteLine(ReportWriter.ToText(run.Report));
        if (json is not null) await File.WriteAllTextAsync(json, ReportWriter.ToJson(run.Report));
        return run.Report.Holds ? CommandLine.Success : CommandLine.Failure;
    }
}

/// <summary>What a command line asked for.</summary>
/// <param name="Name">The verb.</param>
/// <param name="Seed">Null for a new one.</param>
/// <param name="IsQuick">The short run.</param>
/// <param name="Limit">When it is given up.</param>
/// <param name="Json">Where the report goes as well; null for nowhere.</param>
/// <param name="Verbose">The library's log on the standard error.</param>
internal sealed record Asked(string Name, int? Seed, bool IsQuick, TimeSpan Limit, string? Json, bool Verbose);
