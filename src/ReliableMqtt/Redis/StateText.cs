using System.Globalization;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.Redis;

/// <summary>
/// The state of an in-flight entry, beside its record: stage (<c>S</c>ent, <c>R</c>eleased, <c>P</c>arked), send order (sequence, <c>-</c> for the own, and
/// ordinal), release order, refusals, due in Unix milliseconds or <c>-</c>. An entry without one is Sent, in the order of its sequence.
/// </summary>
internal static class StateText
{
    public static string Format(InflightState state) => string.Create(CultureInfo.InvariantCulture,
        $"{state.Stage switch { InflightStage.Sent => 'S', InflightStage.Released => 'R', _ => 'P' }} {state.Order.Sequence} {state.Order.Ordinal} {state.ReleaseOrder} {state.Refusals} {state.DueAt?.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture) ?? "-"}");

    /// <exception cref="FormatException">It is no state.</exception>
    /// <exception cref="OverflowException">A number is too large.</exception>
    /// <exception cref="ArgumentException">The due time is out of range.</exception>
    public static InflightState Parse(string? text, long sequence)
    {
        if (text is null) return new InflightState(InflightStage.Sent, new SendOrder(sequence));
        var parts = text.Split(' ');
        if (parts.Length != 6) throw new FormatException($"'{text}' is not a state.");
        var stage = parts[0] switch
        {
            "S" => InflightStage.Sent,
            "R" => InflightStage.Released,
            "P" => InflightStage.Parked,
            _ => throw new FormatException($"'{text}' is not a state."),
        };
        return new InflightState(
            stage, new SendOrder(parts[1] == "-" ? sequence : Number(parts[1]), Number(parts[2])), Number(parts[3]), checked((int)Number(parts[4])),
            parts[5] == "-" ? null : DateTimeOffset.FromUnixTimeMilliseconds(Number(parts[5])));
    }

    private static long Number(string text) => long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
}
