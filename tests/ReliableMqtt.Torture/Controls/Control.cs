using MQTTnet.Protocol;
using ReliableMqtt.Torture.Profile;
using ReliableMqtt.Torture.Verbs;

namespace ReliableMqtt.Torture.Controls;

/// <summary>A publisher with a flaw, faults that it cannot survive, and what has to notice.</summary>
/// <param name="Name">The flaw in words.</param>
/// <param name="Expected">The checks that have to find it, any of them.</param>
/// <param name="ExecuteAsync">Runs it.</param>
/// <param name="Contains">A word of what is found, where the check finds many things.</param>
internal sealed record Control(string Name, IReadOnlyList<Violation> Expected, Func<Run, Task<LegResult>> ExecuteAsync, string? Contains = null)
{
    /// <summary>The check that has found it, and what; null when none of the expected ones has.</summary>
    public string? CaughtBy(LegResult result)
    {
        foreach (var kind in Expected)
        {
            var found = result[kind].Where(detail => Contains is null || detail.Contains(Contains, StringComparison.Ordinal)).ToList();
            if (found.Count > 0) return FormattableString.Invariant($"{kind} x {found.Count}");
        }

        return null;
    }

    /// <summary>All eight.</summary>
    public static IReadOnlyList<Control> All(int seed)
    {
        var kills = new LegPlan { Name = "control", Seed = seed, Messages = 900, Rate = 200, QoS = [2], Publishers = [new(Kinds.Kill, 3)] };
        var steady = new LegPlan { Name = "control", Seed = seed, Messages = 400, Rate = 400, QoS = [1], Publishers = [new(Kinds.Kill, 2)] };
        return
        [
            new("naive PublishAsync retry", [Violation.DuplicateAtQoS2], run => NaiveRetry.ExecuteAsync(run, seed)),
            Of("(a) release not stored before PUBREL", [Violation.DuplicateAtQoS2], kills with { Flaw = Flaws.SkipsRelease, Held = MqttControlPacketType.PubComp }),
            Of("(b) packet ids from 1 after a restart", [Violation.DuplicateAtQoS2, Violation.Lost], kills with { Flaw = Flaws.CountsFromOne, Held = MqttControlPacketType.PubRel }),
            Of("(c) confirmed at PUBREC", [Violation.FalseConfirm], kills with { Flaw = Flaws.ConfirmsAtPubRec, Held = MqttControlPacketType.PubComp }),
            Of("(d) accepted before the ledger write", [Violation.Lost], kills with { Flaw = Flaws.AcceptsEarly, Held = MqttControlPacketType.Publish }),
            Of("(e) Receive Maximum ignored", [Violation.Wire], steady with { Flaw = Flaws.IgnoresReceiveMaximum, ReceiveMaximum = 10 }, "Receive Maximum"),
            Of("(f) resent by a timer", [Violation.Wire], steady with { Flaw = Flaws.ResendsByTimer, Held = MqttControlPacketType.PubAck }, "living connection"),
            Of("(g) Session Present ignored", [Violation.Lost], kills with { Flaw = Flaws.IgnoresSessionPresent, Held = MqttControlPacketType.PubRel, Publishers = [new(Kinds.SessionLoss, 2)] }),
        ];
    }

    /// <summary>The same faults without the flaw, which must be survived: else it is not the flaw that was found.</summary>
    public static IReadOnlyList<LegPlan> Sound(int seed) =>
    [
        .. new[] { MqttControlPacketType.PubComp, MqttControlPacketType.PubRel, MqttControlPacketType.Publish }.Select(held => new LegPlan
        {
            Name = $"sound, {held} held", Seed = seed, Messages = 900, Rate = 200, QoS = [2], Publishers = [new(Kinds.Kill, 3)], Held = held,
        }),
    ];

    private static Control Of(string name, IReadOnlyList<Violation> expected, LegPlan plan, string? contains = null) =>
        new(name, expected, run => new Leg(run, plan with { Name = $"control {name}" }).ExecuteAsync(), contains);
}
