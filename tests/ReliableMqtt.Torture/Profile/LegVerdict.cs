using System.Diagnostics;
using System.Globalization;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Oracle;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Wire;

namespace ReliableMqtt.Torture.Profile;

/// <summary>What must be true after a leg.</summary>
internal static class LegVerdict
{
    private const double DrainLimit = 30;

    public static void Judge(Stage stage, LegResult result, IReadOnlyList<(Seat Seat, long Left)> left)
    {
        result.Faults = stage.Faults.All;
        result.Answers = stage.Answers;
        var arrivals = stage.Arrivals();
        foreach (var damaged in arrivals.Where(arrival => arrival.Number == 0)) result.Add(Violation.Corrupted, damaged.Topic);
        foreach (var seat in stage.Seats) JudgeSeat(seat, result, [.. arrivals.Where(arrival => seat.Owns(arrival.Number))]);
        foreach (var (seat, count) in left.Where(ledger => ledger.Left != 0)) result.Add(Violation.LeftInLedger, FormattableString.Invariant($"{seat.Name} has {count}: {seat.Complaints}"));
        if (result.DrainSeconds > DrainLimit) result.Add(Violation.NotDrained, FormattableString.Invariant($"{result.DrainSeconds:0.0} s"));
    }

    private static void JudgeSeat(Seat seat, LegResult result, IReadOnlyList<Arrival> arrivals)
    {
        var plan = result.Plan;
        var delivered = arrivals.Select(arrival => arrival.Number).CountBy(number => number).ToDictionary();
        var history = seat.History.Snapshot();
        var check = DeliveryCheck.Of(history, delivered);
        // The next life may tell of its end; of its acceptance nobody was told.
        var untold = history.Where(entry => !entry.Value.HasFlag(Event.Accepted)).Select(entry => entry.Key).ToList();
        result.NeverAccepted += untold.Count;
        result.Recovered += untold.Count(delivered.ContainsKey);
        var letters = seat.History.Count(Event.Failed);
        result.Messages[seat.QoS] = seat.Given;
        result.Accepted += seat.Accepts.Count;
        result.DeadLetters = Math.Max(result.DeadLetters, letters);
        result.Add(Violation.Lost, seat.Name, check.Lost);
        result.Add(Violation.Unexpected, seat.Name, check.Unexpected);
        result.Add(Violation.Contradictory, seat.Name, check.Contradictory);
        // Of what was in flight when the broker lost the session nobody knows whether it has arrived.
        if (plan.KeepsSession) result.Add(Violation.FailedAndCame, seat.Name, check.FailedAndCame);
        if (plan.DeliversAll)
            foreach (var failure in seat.Failures) result.Add(Violation.GivenUp, $"{seat.Name} {failure}");
        else if (!plan.KeepsSession && letters > plan.Publishers.Sum(planned => planned.Times) * plan.ReceiveMaximum) result.Add(Violation.GivenUp, $"{seat.Name}: {letters} dead letters are more than were in flight");

        var handshakes = Handshakes.Read(seat.Log.From());
        result.Add(Violation.FalseConfirm, seat.Name, ConfirmCheck.Find(handshakes, seat.Confirms));
        JudgeDuplicates(seat, result, handshakes, delivered, arrivals);
        if (plan.KeepsOrder) result.Add(Violation.OutOfOrder, seat.Name, OrderCheck.Find(arrivals));
        foreach (var problem in WireAudit.Find([.. seat.Log.From().SelectMany(entry => Packets(entry.Packet, plan))], plan.ReceiveMaximum)) result.Add(Violation.Wire, $"{seat.Name} {problem}");
        foreach (var fault in result.Faults.Where(fault => fault.Death > 0 && fault.Concerns(seat.Name)))
            result.AddUnconfirmed(fault.Kind, seat.Accepts.Count(accept => accept.Value < fault.End && !(handshakes.EndsOf(accept.Key) is [var first, ..] && first < fault.Death)));
        if (seat.Ledger is SqliteSeatLedger file)
        {
            result.PowerCuts.AddRange(file.Cuts);
            result.Refusals += file.Refusals;
        }

        result.Recoveries.AddRange(Recoveries.Of(seat.Name, result.Faults, seat.Confirms.Values));
    }

    // What the tap answers in the broker's place is not recorded as such: the PUBLISH has been kept back, and was refused.
    private static IEnumerable<WirePacket> Packets(WirePacket packet, LegPlan plan) =>
        plan.HasAnswers && packet is { Type: MqttControlPacketType.Publish, Passed: false }
            ? [packet, new WirePacket(packet.Connection, Direction.ToClient, MqttControlPacketType.PubAck) { PacketId = packet.PacketId }] : [packet];

    private static void JudgeDuplicates(Seat seat, LegResult result, Handshakes handshakes, Dictionary<long, int> delivered, IReadOnlyList<Arrival> arrivals)
    {
        var plan = result.Plan;
        // At QoS 1 the broker itself may hand a message over again when its own connection to the subscriber ends, and marks it.
        var again = arrivals.Where(arrival => arrival.Again).CountBy(arrival => arrival.Number).ToDictionary();
        var extra = delivered.ToDictionary(entry => entry.Key, entry => entry.Value - 1 - (seat.QoS == 1 ? Math.Min(entry.Value - 1, again.GetValueOrDefault(entry.Key)) : 0))
            .Where(entry => entry.Value > 0).ToList();
        var losses = result.Faults.Where(fault => fault.Kind == Kinds.SessionLoss).ToList();
        if (seat.QoS == 1)
        {
            var unexplained = ResendCheck.Find(handshakes, seat.Name, result.Faults, extra);
            foreach (var number in unexplained) result.Add(Violation.UnexplainedAtQoS1, Tell(seat, number, handshakes, arrivals, result.Faults));
            result.ExplainedAtQoS1 += extra.Sum(entry => entry.Value);
        }
        else if (plan.KeepsSession || plan.Policy == SessionLossPolicy.DeadLetter)
        {
            result.Add(Violation.DuplicateAtQoS2, seat.Name, extra.Select(entry => entry.Key).Order());
        }
        else
        {
            // Only what was in flight when the session was lost may have come twice.
            result.Add(Violation.DuplicateAtQoS2, seat.Name, ResendCheck.Find(handshakes, seat.Name, losses, extra));
            result.AmbiguousDuplicates += extra.Sum(entry => entry.Value);
        }
    }

    // All that is known of a message, in seconds since it was sent first.
    private static string Tell(Seat seat, long number, Handshakes handshakes, IReadOnlyList<Arrival> arrivals, IReadOnlyList<Fault> faults)
    {
        var sendings = handshakes.SendingsOf(number);
        if (sendings.Count == 0) return FormattableString.Invariant($"{seat.Name} {number} was never sent");
        string Since(long at) => at == long.MaxValue ? "the end" : ((at - sendings[0].At) / (double)Stopwatch.Frequency).ToString("0.000", CultureInfo.InvariantCulture);
        var came = arrivals.Where(arrival => arrival.Number == number).Select(arrival => arrival.Again ? "again" : "new");
        var around = faults.Where(fault => fault.Concerns(seat.Name) && fault.End >= sendings[0].At - Stopwatch.Frequency && fault.Start <= sendings[^1].At + Stopwatch.Frequency)
            .Select(fault => $"{fault.Kind} {Since(fault.Start)} to {Since(fault.End)}");
        return FormattableString.Invariant($"{seat.Name} {number} sent {string.Join(", ", sendings.Select(sending => $"{Since(sending.At)} on {sending.Connection}"))}; answered {string.Join(", ", handshakes.EndsOf(number).Select(Since))}; came {string.Join(", ", came)}; faults {string.Join(", ", around)}");
    }
}
