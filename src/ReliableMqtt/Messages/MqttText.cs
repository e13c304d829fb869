using System.Text;

namespace ReliableMqtt.Messages;

/// <summary>What may stand in an MQTT string (MQTT 5 §1.5.4, §4.7; MQTT 3.1.1 §1.5.3, §4.7): the rules that MQTTnet does not check.</summary>
internal static class MqttText
{
    /// <summary>The longest UTF-8 encoded string of the protocol, in bytes.</summary>
    public const int MaxBytes = 65_535;

    /// <summary>Says what forbids this text as an MQTT string, or null. The wording completes "The topic …".</summary>
    public static string? FindProblem(string text)
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

        // At most three UTF-8 bytes stand for one UTF-16 unit: only long texts need counting.
        if (text.Length > MaxBytes / 3 && Encoding.UTF8.GetByteCount(text) is > MaxBytes and var bytes)
            return $"is {bytes} bytes long in UTF-8; the protocol allows {MaxBytes}";
        return null;
    }

    /// <summary>Says what forbids this text as the topic of a PUBLISH, or null.</summary>
    public static string? FindTopicProblem(string? topic)
    {
        if (string.IsNullOrEmpty(topic)) return "is empty; a PUBLISH needs at least one character";
        var wildcard = topic.AsSpan().IndexOfAny('+', '#');
        if (wildcard >= 0) return $"contains the wildcard '{topic[wildcard]}' at position {wildcard}; wildcards are for subscriptions";
        return FindProblem(topic);
    }
}
