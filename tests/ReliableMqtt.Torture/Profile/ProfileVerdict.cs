using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Controls;
using ReliableMqtt.Torture.Verbs;

namespace ReliableMqtt.Torture.Profile;

/// <summary>The table of a profile: faults by kind, messages, what must not be, times, and the controls.</summary>
internal static class ProfileVerdict
{
    private const int MostDetails = 6;

    // A new life begins, finds Redis, waits for the lease of a process whose end it cannot look up after Redis has been restarted, reconnects, and resumes: on a busy machine.
    private const double LongestRecovery = 25, MostOfRecoveries = 15;

    private static readonly (Violation Kind, string Name, string Figure)[] Wanted =
    [
        (Violation.Lost, "lost", "lost"),
        (Violation.DuplicateAtQoS2, "duplicates at QoS 2", "duplicates_qos2"),
        (Violation.UnexplainedAtQoS1, "unexplained duplicates at QoS 1", "unexplained_duplicates_qos1"),
        (Violation.FalseConfirm, "false confirms", "false_confirms"),
        (Violation.Unexpected, "delivered and never sent", "unexpected"),
        (Violation.Corrupted, "corrupted", "corrupted"),
        (Violation.FailedAndCame, "failed and delivered all the same", "failed_and_came"),
        (Violation.Contradictory, "confirmed and failed", "contradictory"),
        (Violation.GivenUp, "given up without need", "given_up"),
        (Violation.OutOfOrder, "out of order on a topic", "out_of_order"),
        (Violation.Wire, "rules of the wire broken", "wire_problems"),
        (Violation.LeftInLedger, "ledgers not empty at the end", "ledgers_not_empty"),
        (Violation.Funnel, "exported metrics that do not add up", "funnel"),
        (Violation.NotDrained, "ledgers not empty within 30 s", "not_drained"),
        (Violation.Wedged, "legs that did not come to their end", "wedged"),
    ];

    public static void Report(Run run, IReadOnlyList<LegResult> legs, IReadOnlyList<(Control Control, string? CaughtBy, LegResult Result)> controls)
    {
        if (legs.Count > 0) Legs(run, legs);
        var report = run.Report;
        foreach (var (control, caughtBy, _) in controls) report.Require($"control: {control.Name}", caughtBy is not null, $"{caughtBy ?? "nothing"}", $"{string.Join(" or ", control.Expected)}");
        if (controls.Count == 0) return;
        var caught = controls.Count(control => control.CaughtBy is not null);
        report.Require("controls caught", caught == controls.Count, $"{caught}/{controls.Count}", $"{controls.Count}/{controls.Count}");
        report.Figure("controls", $"{caught}/{controls.Count}");
    }

    private static void Legs(Run run, IReadOnlyList<LegResult> legs)
    {
        var report = run.Report;
        var planned = legs.SelectMany(leg => leg.Plan.Publishers.Concat(leg.Plan.Servers)).Where(fault => fault.Kind != Kinds.Answers)
            .GroupBy(fault => fault.Kind).ToDictionary(group => group.Key, group => group.Sum(fault => fault.Times));
        var done = legs.SelectMany(leg => leg.Faults).CountBy(fault => fault.Kind).ToDictionary();
        foreach (var (kind, times) in planned) report.Require($"faults: {kind}", done.GetValueOrDefault(kind) >= times, $"{done.GetValueOrDefault(kind)}", $"at least {times}");
        var answers = legs.SelectMany(leg => leg.Answers).GroupBy(answer => answer.Key).ToDictionary(group => group.Key, group => group.Sum(answer => answer.Value));
        if (legs.Any(leg => leg.Plan.Name == "answers")) report.Require("faults: broker answers, different ones", answers.Count >= AnswerTrouble.Kinds, $"{answers.Values.Sum()}, {answers.Count}", $"at least {AnswerTrouble.Kinds} different");
        foreach (var qos in new[] { 1, 2 })
        {
            var (sent, wanted) = (legs.Sum(leg => leg.Messages.GetValueOrDefault(qos)), legs.Where(leg => leg.Plan.QoS.Contains(qos)).Sum(leg => leg.Plan.Messages));
            if (wanted > 0) report.Require($"messages at QoS {qos}", sent >= wanted, $"{sent}", $"at least {wanted}");
            report.Figure($"messages_qos{qos}", sent);
        }

        foreach (var (kind, name, figure) in Wanted)
        {
            var found = legs.Sum(leg => leg[kind].Count);
            report.RequireEqual(name, found, 0);
            report.Figure(figure, found);
            foreach (var leg in legs)
                foreach (var detail in leg[kind].Take(MostDetails)) report.Detail(FormattableString.Invariant($"seed {leg.Plan.Seed}, {leg.Plan.Name}: {name}: {detail}"));
        }

        List<double> recoveries = [.. legs.SelectMany(leg => leg.Recoveries).Order()];
        report.RequireAtMost("recovery after a fault, p99", Recoveries.Percentile(recoveries, 99), MostOfRecoveries, " s");
        report.RequireAtMost("longest recovery", recoveries.LastOrDefault(), LongestRecovery, " s");
        report.RequireAtMost("longest drain", legs.Max(leg => leg.DrainSeconds), 30, " s");
        foreach (var (kind, times) in done.Where(fault => fault.Key != Kinds.Answers).OrderBy(fault => fault.Key)) report.Figure(Word(kind), times);
        report.Figure("funnel_accepted", legs.Sum(leg => leg.Funnels.Sum(funnel => funnel.Accepted)));
        report.Figure("funnel_confirmed", legs.Sum(leg => leg.Funnels.Sum(funnel => funnel.Confirmed)));
        report.Figure("funnel_dead_lettered", legs.Sum(leg => leg.Funnels.Sum(funnel => funnel.DeadLettered)));
        report.Figure("broker_answers", answers.Values.Sum());
        report.Figure("never_accepted", legs.Sum(leg => leg.NeverAccepted));
        report.Figure("recovered", legs.Sum(leg => leg.Recovered));
        report.Figure("explained_duplicates_qos1", legs.Sum(leg => leg.ExplainedAtQoS1));
        report.Figure("ambiguous_duplicates_qos2", legs.Sum(leg => leg.AmbiguousDuplicates));
        report.Figure("dead_letters", legs.Sum(leg => leg.DeadLetters));
        report.Figure("recoveries", recoveries.Count);
        report.Figure("recovery_median_s", Recoveries.Percentile(recoveries, 50));
        report.Figure("recovery_p99_s", Recoveries.Percentile(recoveries, 99));
        report.Figure("recovery_max_s", recoveries.LastOrDefault());
    }

    private static string Word(string kind) => string.Concat(kind.ToLowerInvariant().Where(letter => letter == ' ' || char.IsAsciiLetterOrDigit(letter))).Replace(' ', '_');
}
