using System.Globalization;
using System.Text.Json;

namespace ReliableMqtt.Tool.Output;

/// <summary>How values are written: for people in tables, and names for scripts.</summary>
internal static class Words
{
    /// <summary>A value of an enum as options and JSON have it: <c>session-lost</c>.</summary>
    public static string Name<T>(T value) where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    /// <summary>The same with spaces.</summary>
    public static string Spoken<T>(T value) where T : struct, Enum => Name(value).Replace('-', ' ');

    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Bytes(long bytes) => bytes switch
    {
        < 1 << 10 => $"{bytes} B",
        < 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.#} KiB"),
        < 1 << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.#} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1073741824.0:0.#} GiB"),
    };

    public static string Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";

    public static string ReasonCode(byte? code) => code is { } given ? $"0x{given:X2}" : "";

    /// <summary>How long, in the largest unit that makes it a whole number.</summary>
    public static string Span(TimeSpan span) => FormattableString.Invariant(span switch
    {
        { TotalDays: >= 2 } when span.Ticks % TimeSpan.TicksPerDay == 0 => (FormattableString)$"{span.TotalDays:0} days",
        { TotalHours: >= 1 } when span.Ticks % TimeSpan.TicksPerHour == 0 => $"{span.TotalHours:0} h",
        { TotalMinutes: >= 1 } when span.Ticks % TimeSpan.TicksPerMinute == 0 => $"{span.TotalMinutes:0} min",
        _ => $"{span.TotalSeconds:0.###} s",
    });

    /// <summary>How long ago, in one unit.</summary>
    public static string Ago(DateTimeOffset time, DateTimeOffset now) => (now - time) switch
    {
        { TotalDays: >= 2 } age => $"{(int)age.TotalDays} days ago",
        { TotalHours: >= 2 } age => $"{(int)age.TotalHours} h ago",
        { TotalMinutes: >= 2 } age => $"{(int)age.TotalMinutes} min ago",
        { TotalSeconds: >= 1 } age => $"{(int)age.TotalSeconds} s ago",
        _ => "just now",
    };
}
