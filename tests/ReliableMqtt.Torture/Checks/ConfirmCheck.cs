using ReliableMqtt.Torture.Wire;

namespace ReliableMqtt.Torture.Checks;

/// <summary>Nothing is said to be confirmed before the broker's PUBACK or PUBCOMP of it has passed the proxy.</summary>
internal static class ConfirmCheck
{
    /// <summary>The numbers that were confirmed too early, or for no reason at all.</summary>
    /// <param name="handshakes">What the wire says.</param>
    /// <param name="confirms">When the publisher's word on each number came: later than the ack that it goes by, since the proxy sees that before it hands it on.</param>
    public static IReadOnlyList<long> Find(Handshakes handshakes, IEnumerable<KeyValuePair<long, long>> confirms) =>
        [.. confirms.Where(confirm => handshakes.EndsOf(confirm.Key) is not [var first, ..] || first > confirm.Value).Select(confirm => confirm.Key).Order()];
}
