using System.Globalization;

namespace ReliableMqtt.Sample.Settings;

/// <summary>A number of bytes to be drawn: <c>MIN-MAX</c>.</summary>
internal readonly record struct ByteRange(int Min, int Max)
{
    /// <exception cref="FormatException">It is not such a range.</exception>
    public static ByteRange Parse(string text)
    {
        var parts = text.Split('-');
        return parts.Length == 2 && TryParse(parts[0], out var min) && TryParse(parts[1], out var max) && min <= max
            ? new ByteRange(min, max)
            : throw new FormatException($"'{text}' is not a range of bytes: expected MIN-MAX, such as 500-20000.");
    }

    public int Draw(Random random) => random.Next(Min, Max == int.MaxValue ? Max : Max + 1);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Min}-{Max}");

    private static bool TryParse(string text, out int bytes) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out bytes) && bytes > 0;
}
