using System.Diagnostics;
using System.Globalization;

namespace ReliableMqtt.Mutation;

/// <summary>Starts the tests' program.</summary>
/// <param name="program">Its path.</param>
internal sealed class TestProgram(string program)
{
    /// <summary>The number for the code as it is.</summary>
    public const int None = 0;

    /// <summary>A mutant that every test of the session must notice: if it lives, no score is worth anything.</summary>
    public const int Planted = -1;

    // They plant faults of their own, or compare a run with itself: no mutant can fail them that does not fail others.
    private static readonly string[] WithoutMethods = ["A_planted_bug", "A_seed_is_the_same_run", "Different_seeds", "Without_the_restore"];

    private static readonly Dictionary<string, string> Settings = new()
    {
        // A fault run draws a seed of its own, and would not do the same for each mutant.
        ["RELIABLEMQTT_SEED"] = "1",
        ["RELIABLEMQTT_SEEDS"] = "500",
        // A mutant that never stops to take memory ends here.
        ["DOTNET_GCHeapHardLimit"] = "0x60000000",
        ["DOTNET_TieredPGO"] = "0",
    };

    public async Task<IReadOnlyList<string>> ListClassesAsync(CancellationToken stop) =>
        [.. (await MutatedLibrary.RunAsync("dotnet", [program, "-list", "classes", "-noLogo", "-noColor"], ".", stop)).Split('\n', StringSplitOptions.TrimEntries).Where(line => line.StartsWith("ReliableMqtt.", StringComparison.Ordinal))];

    /// <summary>Runs these classes in a process of their own.</summary>
    /// <param name="classes">Their full names.</param>
    /// <param name="mutant">The number of a mutant.</param>
    /// <param name="patience">How much processor time it may take.</param>
    /// <param name="reached">A file for the numbers of the mutants that were reached, or null.</param>
    /// <param name="stop">Ends all.</param>
    public async Task<(Fate Fate, TimeSpan Time)> RunAsync(IEnumerable<string> classes, int mutant, TimeSpan patience, string? reached, CancellationToken stop)
    {
        string[] arguments = ["-noLogo", "-noColor", "-reporter", "quiet", "-stopOnFail", .. classes.SelectMany(name => new[] { "-class", name }), .. WithoutMethods.SelectMany(name => new[] { "-method-", $"*.{name}*" })];
        using var process = Start(arguments, mutant, reached);
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var clock = new ProcessorClock(process);
        try
        {
            if (!await clock.WaitAsync(process.WaitForExitAsync(stop), patience, stop)) return (Fate.TimedOut, clock.Used);
            if (process.ExitCode != 0 && mutant == None) Console.WriteLine(await output);
            return (process.ExitCode == 0 ? Fate.Survived : Fate.Killed, clock.Used);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Starts a process that is asked for one mutant after the other.</summary>
    public Process StartHost() => Start(["host"], None, null);

    private Process Start(string[] arguments, int mutant, string? reached)
    {
        var info = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments.Prepend(program)) info.ArgumentList.Add(argument);
        foreach (var (name, value) in Settings) info.Environment[name] = value;
        info.Environment["MUTANT_WITHOUT"] = string.Join(' ', WithoutMethods);
        info.Environment["MUTANT"] = mutant.ToString(CultureInfo.InvariantCulture);
        if (reached is not null) info.Environment["MUTANT_REACHED"] = reached;
        var process = Process.Start(info)!;
        _ = process.StandardError.ReadToEndAsync(CancellationToken.None);
        return process;
    }
}
