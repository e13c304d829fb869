using ReliableMqtt.Torture.Profile;

namespace ReliableMqtt.Torture.Verbs.Sqlite;

/// <summary>What must be true beside that which holds for every leg: the faults were such that they could have done harm.</summary>
internal static class SqliteVerdict
{
    public static void Report(Run run, SqliteRun plan, LegResult sound, LegResult lying)
    {
        var report = run.Report;
        report.Require("messages accepted", sound.Accepted >= plan.Messages, $"{sound.Accepted}", $"at least {plan.Messages}");
        report.RequireEqual("kills with accepted messages that the broker had not confirmed", sound.UnconfirmedAt(Kinds.Kill).Count(count => count > 0), plan.Kills);
        report.RequireEqual("power cuts with such messages", sound.UnconfirmedAt(Kinds.PowerCut).Count(count => count > 0), plan.PowerCuts);
        var wanted = Math.Max(1, plan.PowerCuts / 4);
        var biting = sound.PowerCuts.Count(cut => cut.Dropped > 0);
        report.Require("power cuts that took writes", biting >= wanted, $"{biting} of {sound.PowerCuts.Count}", $"at least {wanted}");
        // A short run may miss them.
        if (!run.IsQuick)
        {
            report.Require("power cuts within a checkpoint", sound.PowerCuts.Any(cut => cut.InCheckpoint), $"{sound.PowerCuts.Count(cut => cut.InCheckpoint)}", $"at least 1");
            report.Require("power cuts that left a part of what was not synced", sound.PowerCuts.Any(cut => cut is { Kept: > 0, Dropped: > 0 }), $"{sound.PowerCuts.Count(cut => cut.Kept > 0)}", $"at least 1");
        }

        report.RequireEqual("starts refused since something was missing", sound.Refusals, 0);
        report.Require("starts refused on the disk that does not sync", lying.Refusals > 0, $"{lying.Refusals} of {lying.PowerCuts.Count}", $"at least 1");
        report.Figure("accepted", sound.Accepted);
        report.Figure("fewest_unconfirmed_at_a_fault", sound.UnconfirmedAt(Kinds.Kill).Concat(sound.UnconfirmedAt(Kinds.PowerCut)).DefaultIfEmpty().Min());
        report.Figure("power_cuts_that_took_writes", biting);
        report.Figure("power_cuts_in_a_checkpoint", sound.PowerCuts.Count(cut => cut.InCheckpoint));
        report.Figure("power_cuts_that_left_a_part", sound.PowerCuts.Count(cut => cut.Kept > 0));
        report.Figure("writes_dropped", sound.PowerCuts.Sum(cut => cut.Dropped));
        report.Figure("writes_kept_unsynced", sound.PowerCuts.Sum(cut => cut.Kept));
        report.Figure("writes_torn", sound.PowerCuts.Sum(cut => cut.Torn));
        report.Figure("bytes_dropped", sound.PowerCuts.Sum(cut => cut.DroppedBytes));
    }
}
