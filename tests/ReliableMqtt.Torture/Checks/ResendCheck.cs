using System.Diagnostics;
using ReliableMqtt.Torture.Wire;

namespace ReliableMqtt.Torture.Checks;

/// <summary>
/// At QoS 1 a message may arrive once more for each time that it was sent again, and be sent again only because of a fault that met it in flight: it had been sent
/// on a connection that had to do with the fault, its end was not long stored when that began, and the connection was another one afterwards.
/// </summary>
internal static class ResendCheck
{
    // The confirm of QoS 1 may lag behind the PUBACK by a group commit (W4), which on a busy machine takes its time; and a ledger that stands still holds it up.
    private static readonly long Lag = 2 * Stopwatch.Frequency;

    // A connection that has lived through a standstill may still break at its end: both sides have their patience, for a ping or an ack.
    private static readonly long Aftermath = 5 * Stopwatch.Frequency;

    /// <summary>The numbers that arrived more often than faults explain.</summary>
    /// <param name="handshakes">What the wire says.</param>
    /// <param name="publisher">Who sent them.</param>
    /// <param name="faults">All that was done.</param>
    /// <param name="extra">How often each number arrived beyond the first time.</param>
    public static IReadOnlyList<long> Find(Handshakes handshakes, string publisher, IReadOnlyList<Fault> faults, IEnumerable<KeyValuePair<long, int>> extra)
    {
        var own = faults.Where(fault => fault.Concerns(publisher)).ToList();
        return [.. extra.Where(entry => entry.Value > Explained(handshakes, own, entry.Key)).Select(entry => entry.Key).Order()];
    }

    private static int Explained(Handshakes handshakes, List<Fault> faults, long number)
    {
        var (sendings, explained) = (handshakes.SendingsOf(number), 0);
        for (var i = 1; i < sendings.Count; i++)
        {
            var (before, again) = (sendings[i - 1], sendings[i]);
            var ends = handshakes.EndsOf(number).Where(end => end >= before.At && end < again.At).ToList();
            var settled = ends.Count == 0 ? long.MaxValue : ends[0] + Lag;
            if (before.Connection != again.Connection && faults.Exists(fault => fault.Start <= again.At && Meets(fault, before) && IsInFlight(fault, settled, faults))) explained++;
        }

        return explained;
    }

    private static bool Meets(Fault fault, Sending sending) => fault.End >= sending.At || (fault.End >= sending.Began && sending.At - fault.End <= Aftermath);

    // While a server that all depend on is away, what it has to store waits.
    private static bool IsInFlight(Fault fault, long settled, List<Fault> faults) =>
        fault.Start <= settled || faults.Exists(other => other.Scope is null && other.Start <= settled && other.End >= settled && (other.End == long.MaxValue || fault.Start <= other.End + Lag));
}
