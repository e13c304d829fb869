using System.Globalization;
using System.Text;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.Redis;

/// <summary>
/// What stands in the hash of what was put aside: when (Unix milliseconds, by the server), where (<c>backlog</c>, <c>inflight</c>, <c>dead</c>) and under which field,
/// a tab, the reason, a line feed, and then the bytes as they were. The script quarantine.lua writes it.
/// </summary>
internal static class QuarantineText
{
    /// <summary>A problem as the reason that is kept: one line, whatever the store has that it quotes.</summary>
    public static string Reason(string problem) => $"The record {string.Concat(problem.Select(c => char.IsControl(c) ? '?' : c))}.";

    public static QuarantinedRecord Parse(long number, ReadOnlyMemory<byte> kept)
    {
        var feed = kept.Span.IndexOf((byte)'\n');
        var head = feed < 0 ? "" : Encoding.UTF8.GetString(kept.Span[..feed]);
        var (where, reason) = Split(head, '\t');
        var (time, place) = Split(where, ' ');
        var (name, field) = Split(place, ' ');
        if (feed < 0 || reason.Length == 0 || !long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) || milliseconds > LatestTime)
            return new QuarantinedRecord(number, QuarantinePlace.Unknown, "", "Why it was put aside cannot be read.", null, kept);
        return new QuarantinedRecord(
            number,
            name switch
            {
                "backlog" => QuarantinePlace.Backlog,
                "inflight" => QuarantinePlace.InFlight,
                "dead" => QuarantinePlace.DeadLetters,
                _ => QuarantinePlace.Unknown,
            },
            field, reason, DateTimeOffset.FromUnixTimeMilliseconds(milliseconds), kept[(feed + 1)..]);
    }

    private static readonly long LatestTime = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    private static (string Before, string After) Split(string text, char at) =>
        text.IndexOf(at, StringComparison.Ordinal) is >= 0 and var found ? (text[..found], text[(found + 1)..]) : (text, "");
}
