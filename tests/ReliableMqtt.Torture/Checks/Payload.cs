using System.Globalization;
using System.Text;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Torture.Checks;

/// <summary>What messages carry: their number, a key, a filling, and a checksum of all that, as text with spaces between.</summary>
internal static class Payload
{
    /// <summary>Makes the payload of a message.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="key">A word without spaces, such as the topic.</param>
    /// <param name="size">How many bytes it should have; it gets more when number, key and checksum alone need more.</param>
    public static byte[] Encode(long number, string key, int size = 0)
    {
        var head = string.Create(CultureInfo.InvariantCulture, $"{number} {key} ");
        var body = head + new string('.', Math.Max(0, size - Encoding.UTF8.GetByteCount(head) - 9));
        return Encoding.UTF8.GetBytes($"{body} {Checksum(body)}");
    }

    /// <summary>Reads one. False when it is not what was sent.</summary>
    public static bool TryDecode(string payload, out long number, out string key)
    {
        (number, key) = (0, "");
        var end = payload.LastIndexOf(' ');
        if (end < 0 || !payload.AsSpan(end + 1).SequenceEqual(Checksum(payload[..end]))) return false;
        var words = payload.Split(' ', 3);
        if (words.Length < 3 || !long.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out number)) return false;
        key = words[1];
        return true;
    }

    private static string Checksum(string text) => Crc32C.Finish(Crc32C.Append(Crc32C.Start, Encoding.UTF8.GetBytes(text))).ToString("x8", CultureInfo.InvariantCulture);
}
