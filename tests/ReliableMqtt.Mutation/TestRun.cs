using System.Diagnostics;
using System.Globalization;

namespace ReliableMqtt.Mutation;

/// <summary>Runs the tests with one mutant switched on, in a process of their own.</summary>
/// <param name="program">The tests' program.</param>
/// <param name="filter">Which tests.</param>
internal sealed class TestRun(string program, IReadOnlyList<string> filter)
{
    /// <summary>A mutant that every test of the session must notice: if it lives, no score is worth anything.</summary>
    public const int Planted = -1;

    private TimeSpan _limit = TimeSpan.FromMinutes(5);

    /// <summary>Runs without a mutant, which must pass. Tells which mutants were reached, and how long to wait for the others.</summary>
    public async Task<IReadOnlySet<int>> MeasureAsync(CancellationToken stop)
    {
        var reached = Path.GetTempFileName();
        var begun = Stopwatch.GetTimestamp();
        if (await RunAsync(0, reached, stop) != Fate.Survived) throw new InvalidOperationException("The tests fail without any mutant.");
        _limit = 5 * Stopwatch.GetElapsedTime(begun) + TimeSpan.FromSeconds(15);
        var ids = (await File.ReadAllLinesAsync(reached, stop)).Select(line => int.Parse(line, CultureInfo.InvariantCulture)).ToHashSet();
        File.Delete(reached);
        return ids;
    }

    public Task<Fate> TryAsync(int mutant, CancellationToken stop) => RunAsync(mutant, null, stop);

    private async Task<Fate> RunAsync(int mutant, string? reached, CancellationToken stop)
    {
        var info = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { program, "-reporter", "quiet", "-stopOnFail" }.Concat(filter)) info.ArgumentList.Add(argument);
        info.Environment["MUTANT"] = mutant.ToString(CultureInfo.InvariantCulture);
        if (reached is not null) info.Environment["MUTANT_REACHED"] = reached;
        using var process = Process.Start(info)!;
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        _ = process.StandardError.ReadToEndAsync(CancellationToken.None);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(_limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
            if (process.ExitCode != 0 && mutant == 0) Console.WriteLine(await output);
            return process.ExitCode == 0 ? Fate.Survived : Fate.Killed;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            return Fate.TimedOut;
        }
    }
}
