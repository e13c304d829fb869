using ReliableMqtt.Torture.Children;

namespace ReliableMqtt.Torture.Verbs.Receiving;

/// <summary>What must be true of a leg at its end.</summary>
internal static class ReceivingVerdict
{
    /// <param name="run">Where to report.</param>
    /// <param name="plan">The leg.</param>
    /// <param name="confirmed">How many messages the publisher has seen confirmed.</param>
    /// <param name="effects">How often each message had its effect.</param>
    /// <param name="delivered">The deliveries to the handler's process.</param>
    /// <param name="begun">The calls of the handler.</param>
    /// <param name="connections">How often the handler's processes have connected.</param>
    /// <param name="killsInHandler">How many kills fell between the beginning of a handler and its end.</param>
    public static void Report(
        Run run, ReceivingPlan plan, int confirmed, IReadOnlyDictionary<int, int> effects, IReadOnlyCollection<int> delivered, IReadOnlyCollection<int> begun, int connections, int killsInHandler)
    {
        var (report, name) = (run.Report, $"{plan.Mode}".ToLowerInvariant());
        var once = effects.Count(effect => effect.Value == 1);
        var more = effects.Sum(effect => effect.Value - 1);
        var copies = delivered.Count - delivered.Distinct().Count();
        report.RequireEqual($"{name}: messages confirmed", confirmed, plan.Messages);
        report.RequireEqual($"{name}: messages with an effect", effects.Count, plan.Messages);
        if (plan.Wipes > 0) report.Require($"{name}: copies were delivered", copies >= plan.Wipes, $"{copies}", $"at least {plan.Wipes}");
        switch (plan.Mode)
        {
            case HandlerMode.Transaction:
                report.RequireEqual($"{name}: messages with exactly one effect", once, plan.Messages);
                report.Require($"{name}: kills within a handler", killsInHandler > 0, $"{killsInHandler} of {plan.Kills}", $"at least 1");
                break;
            case HandlerMode.Apart:
                report.RequireAtMost($"{name}: second effects", more, plan.Kills * HandleVerb.Concurrency);
                break;
            default:
                report.Require($"{name}: the control is found out", more > 0, $"{more} second effects", $"at least 1");
                break;
        }

        report.Figure($"{name}-effects", $"{once}/{plan.Messages}");
        report.Figure($"{name}-second-effects", more);
        report.Figure($"{name}-deliveries", delivered.Count);
        report.Figure($"{name}-copies", copies);
        report.Figure($"{name}-handler-runs", begun.Count);
        report.Figure($"{name}-connections", connections);
        report.Figure($"{name}-kills-in-handler", killsInHandler);
    }
}
