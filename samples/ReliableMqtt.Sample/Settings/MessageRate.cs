using System.Globalization;

namespace ReliableMqtt.Sample.Settings;

/// <summary>A bound on messages a second: <c>100</c> or <c>100/s</c>.</summary>
internal readonly record struct MessageRate(double PerSecond)
{
    public static MessageRate Unlimited { get; } = new(double.PositiveInfinity);

    /// <exception cref="FormatException">It is not a positive number.</exception>
    public static MessageRate Parse(string text)
    {
        var number = text.EndsWith("/s", StringComparison.Ordinal) ? text[..^2] : text;
        return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var perSecond) && perSecond > 0
            ? new MessageRate(perSecond)
            : throw new FormatException($"'{text}' is not a rate: expected a positive number of messages a second, such as 100 or 100/s.");
    }

    public override string ToString() => double.IsInfinity(PerSecond) ? "unlimited" : string.Create(CultureInfo.InvariantCulture, $"{PerSecond}/s");

    /// <summary>When the message with this number, from 0, may go, counted from the start.</summary>
    public TimeSpan DueTime(long number) => TimeSpan.FromSeconds(number / PerSecond);
}
