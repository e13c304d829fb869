using System.Diagnostics;
using ReliableMqtt.Torture.Controls;
using ReliableMqtt.Torture.Verbs;
using ReliableMqtt.Torture.Verbs.Poison;

namespace ReliableMqtt.Torture.Profile;

/// <summary>The whole of a profile: all legs for each seed, damaged records, the controls, and the verdict.</summary>
/// <param name="run">Where to report.</param>
/// <param name="plan">How large it is.</param>
/// <param name="seeds">How many seeds; null for as many as the plan says.</param>
/// <param name="only">Only legs whose name begins so; null for all.</param>
internal sealed class ProfileRun(Run run, ProfilePlan plan, int? seeds, string? only)
{
    private const int FirstSeed = 101;

    private readonly List<LegResult> _legs = [];
    private readonly List<(Control Control, string? CaughtBy, LegResult Result)> _controls = [];

    public async Task ExecuteAsync()
    {
        int[] chosen = [.. Enumerable.Range(FirstSeed, Math.Max(0, (seeds ?? plan.FixedSeeds + 1) - 1)), run.Seed];
        for (var place = 0; place < chosen.Length; place++)
            foreach (var leg in plan.Legs(chosen[place], place, chosen.Length).Where(leg => IsAsked(leg.Name))) await RunAsync(leg);
        if (IsAsked("poison")) await LedgerRound.ExecuteAsync(run);
        if (IsAsked("sound"))
            foreach (var sound in Control.Sound(run.Seed)) await RunAsync(sound);
        if (IsAsked("control"))
            foreach (var control in Control.All(run.Seed)) await ControlAsync(control);
        ProfileVerdict.Report(run, _legs, _controls);
    }

    private bool IsAsked(string name) => only is null || name.StartsWith(only, StringComparison.Ordinal);

    private async Task RunAsync(LegPlan leg)
    {
        run.Report.Say($"seed {leg.Seed}, {leg.Name}: begins");
        LegResult result;
        try
        {
            result = await new Leg(run, leg).ExecuteAsync();
        }
        catch (Exception error) when (error is not MissingException && !run.Stop.IsCancellationRequested)
        {
            // The others may still tell something.
            result = new LegResult(leg);
            result.Add(Violation.Wedged, error.ToString());
        }

        _legs.Add(result);
        run.Report.Say($"seed {leg.Seed}, {leg.Name}: {(result.Holds ? "holds" : "FAILED: " + string.Join(", ", result.Kinds))}; {result.Messages.Values.Sum():N0} messages, {result.Faults.Count} faults, {result.Recovered} of {result.NeverAccepted} unaccepted ones recovered, drained in {result.DrainSeconds:0.0} s, {result.Seconds:0} s in all");
    }

    private async Task ControlAsync(Control control)
    {
        var started = Stopwatch.GetTimestamp();
        var result = await control.ExecuteAsync(run);
        var caughtBy = control.CaughtBy(result);
        _controls.Add((control, caughtBy, result));
        run.Report.Say($"control {control.Name}: {(caughtBy is null ? "NOT CAUGHT" : "caught by " + caughtBy)}, in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s; all that was found: {string.Join(", ", result.Kinds.Select(kind => $"{kind} x {result[kind].Count}"))}");
    }
}
