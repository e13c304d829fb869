using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Torture.Reports;

namespace ReliableMqtt.Torture.Checks;

/// <summary>Puts a <see cref="DeliveryCheck"/> of QoS 2 messages into a report.</summary>
internal static class DeliveryReport
{
    private const int MostNumbers = 20;

    /// <summary>How often each number came. What is no payload of ours is counted under -1.</summary>
    public static Dictionary<long, int> Counts(IEnumerable<Delivery> deliveries) => deliveries
        .Select(delivery => Payload.TryDecode(delivery.Payload, out var number, out _) ? number : -1).CountBy(number => number).ToDictionary();

    /// <summary>Requires that nothing is lost, duplicated, unexpected, contradictory, unanswered or unknown.</summary>
    /// <param name="report">Where to.</param>
    /// <param name="leg">What to put before the names.</param>
    /// <param name="check">What was found.</param>
    public static void Require(Report report, string leg, DeliveryCheck check)
    {
        None("lost", check.Lost);
        None("confirmed and not delivered", check.FalselyConfirmed);
        None("duplicates at QoS 2", check.Duplicated);
        None("delivered and never sent", check.Unexpected);
        None("failed and delivered all the same", check.FailedAndCame);
        None("confirmed and failed", check.Contradictory);
        None("unanswered", check.Unanswered);
        None("unknown", check.Unknown);

        void None(string name, IReadOnlyList<long> numbers)
        {
            report.RequireEqual($"{leg}: {name}", numbers.Count, 0);
            if (numbers.Count > 0) report.Detail($"{leg}: {name}: {string.Join(' ', numbers.Take(MostNumbers))}{(numbers.Count > MostNumbers ? " …" : "")}");
        }
    }
}
