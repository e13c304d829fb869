using System.Text;
using System.Text.Unicode;

namespace ReliableMqtt.Messages;

/// <summary>What may stand in an MQTT string (MQTT 5 §1.5.4, §4.7; MQTT 3.1.1 §1.5.3, §4.7): the rules that MQTTnet does not check.</summary>
internal static class MqttText
{
    /// <summary>The longest UTF-8 encoded string of the protocol, in bytes.</summary>
    public const int MaxBytes = 65_535;

    /// <summary>Says what forbids this text as an MQTT string, or null. The wording completes "The topic …".</summary>
    public static string? FindProblem(string text)
    {
        // Most texts are printable ASCII, which one vectorised look tells.
        return (text.AsSpan().ContainsAnyExceptInRange(' ', '~') ? FindBadCharacter(text) : null) ?? FindLengthProblem(text);
    }

    /// <summary>As <see cref="FindProblem(string)"/>, of a text that is encoded already.</summary>
    public static string? FindProblem(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > MaxBytes) return TooLong(utf8.Length);
        if (!utf8.ContainsAnyExceptInRange((byte)' ', (byte)'~')) return null;
        return Utf8.IsValid(utf8) ? FindBadCharacter(Encoding.UTF8.GetString(utf8)) : "is not valid UTF-8";
    }

    /// <summary>Says what forbids this text as the topic of a PUBLISH, or null.</summary>
    public static string? FindTopicProblem(string? topic)
    {
        if (string.IsNullOrEmpty(topic)) return "is empty; a PUBLISH needs at least one character";
        var wildcard = topic.AsSpan().IndexOfAny('+', '#');
        if (wildcard >= 0) return $"contains the wildcard '{topic[wildcard]}' at position {wildcard}; wildcards are for subscriptions";
        return FindProblem(topic);
    }

    private static string? FindBadCharacter(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is <= '\u001f' or (>= '\u007f' and <= '\u009f'))
                return $"contains the control character U+{(int)c:X4} at position {i}";
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                // The last two code points of every plane are non-characters; brokers that check drop the connection.
                if ((char.ConvertToUtf32(c, text[i + 1]) & 0xFFFE) == 0xFFFE)
                    return $"contains the non-character U+{char.ConvertToUtf32(c, text[i + 1]):X} at position {i}";
                i++;
            }
            else if (char.IsSurrogate(c))
                return $"contains the lone surrogate U+{(int)c:X4} at position {i}, which has no UTF-8 encoding";
            else if (c is '\ufffe' or '\uffff' or (>= '\ufdd0' and <= '\ufdef'))
                return $"contains the non-character U+{(int)c:X4} at position {i}";
        }

        return null;
    }

    // At most three UTF-8 bytes stand for one UTF-16 unit: only long texts need counting.
    private static string? FindLengthProblem(string text) =>
        text.Length > MaxBytes / 3 && Encoding.UTF8.GetByteCount(text) is > MaxBytes and var bytes ? TooLong(bytes) : null;

    private static string TooLong(int bytes) => $"is {bytes} bytes long in UTF-8; the protocol allows {MaxBytes}";
}
