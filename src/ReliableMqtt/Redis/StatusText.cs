using System.Globalization;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.Redis;

/// <summary>
/// What the index says of a message id, readable with redis-cli: <c>HGET reliable-mqtt:{publisher}:ids alarm-4711</c> → <c>P 17</c>. A letter, the
/// sequence, the reason code or <c>-</c>, the end in Unix milliseconds or <c>-</c>.
/// </summary>
internal static class StatusText
{
    public static string Confirmed(long sequence, byte reasonCode, DateTimeOffset at) => Format('C', sequence, reasonCode, at);

    public static string Dead(long sequence, byte? reasonCode, DateTimeOffset at) => Format('D', sequence, reasonCode, at);

    public static string Expired(long sequence, DateTimeOffset at) => Format('E', sequence, null, at);

    public static string Format(StatusAnswer answer) => Format(
        answer.Status switch { LedgerStatus.Confirmed => 'C', LedgerStatus.DeadLettered => 'D', LedgerStatus.Expired => 'E', _ => '?' },
        answer.Sequence, answer.ReasonCode, answer.FinishedAt ?? default);

    public static StatusAnswer Parse(MessageId messageId, string text)
    {
        var parts = text.Split(' ');
        var status = parts[0] switch
        {
            "P" => LedgerStatus.Pending,
            "C" => LedgerStatus.Confirmed,
            "D" => LedgerStatus.DeadLettered,
            "E" => LedgerStatus.Expired,
            "X" => LedgerStatus.Purged,
            _ => LedgerStatus.Unknown,
        };
        return new StatusAnswer(
            messageId, status, parts.Length > 1 ? long.Parse(parts[1], CultureInfo.InvariantCulture) : 0,
            parts.Length > 2 && parts[2] != "-" ? byte.Parse(parts[2], CultureInfo.InvariantCulture) : null,
            parts.Length > 3 && parts[3] != "-" ? DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(parts[3], CultureInfo.InvariantCulture)) : null);
    }

    private static string Format(char letter, long sequence, byte? reasonCode, DateTimeOffset at) => reasonCode is { } code
        ? string.Create(CultureInfo.InvariantCulture, $"{letter} {sequence} {code} {at.ToUnixTimeMilliseconds()}")
        : string.Create(CultureInfo.InvariantCulture, $"{letter} {sequence} - {at.ToUnixTimeMilliseconds()}");
}
