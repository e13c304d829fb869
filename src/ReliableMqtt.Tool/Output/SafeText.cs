using System.Globalization;
using System.Text;

namespace ReliableMqtt.Tool.Output;

/// <summary>
/// Text of others on a terminal: topics, ids and reasons come from publishers, brokers and damaged stores, and must neither move the cursor nor look like something else.
/// </summary>
internal static class SafeText
{
    /// <summary>
    /// Writes what is not to be printed as <c>\u001B</c> or <c>\U000E0001</c>: control and format characters (among them those that turn the direction), line ends, other spaces
    /// than the usual one, lone surrogates, private and unassigned ones.
    /// </summary>
    public static string Escape(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~')) return text;
        var escaped = new StringBuilder(text.Length + 8);
        for (var i = 0; i < text.Length;)
        {
            var isPair = Rune.TryGetRuneAt(text, i, out var rune);
            var length = isPair ? rune.Utf16SequenceLength : 1;
            if (isPair && IsPrintable(rune)) escaped.Append(text, i, length);
            else if (length == 2) escaped.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:X8}");
            else escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:X4}");
            i += length;
        }

        return escaped.ToString();
    }

    /// <summary>The beginning of a payload as text; where it is no UTF-8, how it begins in hexadecimal.</summary>
    public static string OfBytes(ReadOnlySpan<byte> bytes, int atMost = 200)
    {
        var text = System.Text.Unicode.Utf8.IsValid(bytes) ? Escape(Encoding.UTF8.GetString(bytes)) : "0x" + Convert.ToHexString(bytes[..Math.Min(bytes.Length, atMost)]);
        return text.Length <= atMost ? text : text[..atMost] + "…";
    }

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
