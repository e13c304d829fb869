using System.Globalization;
using System.Text;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.Redis;

/// <summary>
/// What an acceptor is told on its channel: the ledger's nonce in the first line, then a line for each message: its status as in the index, and the
/// message id when it is not the automatic one of its sequence.
/// </summary>
internal static class FinishText
{
    public static string Format(ulong nonce, IReadOnlyList<StatusAnswer> answers)
    {
        var text = new StringBuilder(16 + (answers.Count * 28)).Append(CultureInfo.InvariantCulture, $"{nonce:x16}");
        foreach (var answer in answers)
        {
            text.Append('\n').Append(StatusText.Format(answer));
            if (answer.MessageId != MessageId.ForSequence(nonce, answer.Sequence)) text.Append(' ').Append(answer.MessageId.Value);
        }

        return text.ToString();
    }

    /// <summary>Reads it again; what cannot be read is left out, since whoever waits asks the ledger as well.</summary>
    public static List<StatusAnswer> Parse(string text)
    {
        var answers = new List<StatusAnswer>();
        var lines = text.Split('\n');
        if (!ulong.TryParse(lines[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var nonce)) return answers;
        foreach (var line in lines.AsSpan(1))
        {
            // An id may have spaces: it is all that stands behind the fourth part.
            var parts = line.Split(' ', 5);
            if (parts.Length < 4 || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)) continue;
            var id = parts.Length == 5 ? new MessageId(parts[4]) : MessageId.ForSequence(nonce, sequence);
            answers.Add(StatusText.Parse(id, string.Join(' ', parts[..4])));
        }

        return answers;
    }
}
