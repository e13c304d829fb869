using ReliableMqtt.Sqlite;
using ReliableMqtt.Torture.Controls;
using ReliableMqtt.Torture.Profile;

namespace ReliableMqtt.Torture.Verbs.Sqlite;

/// <summary>The leg that must hold, and two that cannot.</summary>
internal sealed record SqliteRun(Run Run, int Messages, int Kills, int PowerCuts)
{
    public async Task ExecuteAsync()
    {
        var sound = new LegPlan
        {
            Name = "sqlite",
            Seed = Run.Seed,
            Messages = Messages / 2,
            Rate = 600,
            AcceptsAll = true,
            Sqlite = new SqliteFile(),
            Publishers = [new(Kinds.Kill, Kills), new(Kinds.PowerCut, PowerCuts)],
        };
        var result = await new Leg(Run, sound).ExecuteAsync();
        Run.Report.Say($"synchronous=FULL: {(result.Holds ? "holds" : "FAILED: " + string.Join(", ", result.Kinds))}; {result.Messages.Values.Sum():N0} messages, {result.Faults.Count} faults, {result.Seconds:0} s");
        // The same cuts, where nothing stands in their way.
        var flawed = sound with { Messages = 300, Rate = 400, QoS = [2], Publishers = [new(Kinds.PowerCut, Run.IsQuick ? 2 : 4)] };
        var lying = await ControlAsync("sqlite on a disk that does not sync", flawed with { Sqlite = new SqliteFile(Lies: true) });
        var normal = await ControlAsync("sqlite with synchronous=NORMAL", flawed with { Sqlite = new SqliteFile(SqliteSynchronous.Normal) });
        ProfileVerdict.Report(Run, [result], [lying, normal]);
        SqliteVerdict.Report(Run, this, result, lying.Result);
    }

    private async Task<(Control Control, string? CaughtBy, LegResult Result)> ControlAsync(string name, LegPlan plan)
    {
        var control = new Control(name, [Violation.Lost], run => new Leg(run, plan with { Name = $"control {name}" }).ExecuteAsync());
        var result = await control.ExecuteAsync(Run);
        var caughtBy = control.CaughtBy(result);
        Run.Report.Say($"control {name}: {(caughtBy is null ? "NOT CAUGHT" : "caught by " + caughtBy)}, {result.Refusals} starts refused; all that was found: {string.Join(", ", result.Kinds.Select(kind => $"{kind} x {result[kind].Count}"))}");
        return (control, caughtBy, result);
    }
}
