using System.Runtime.CompilerServices;
using System.Text;

namespace ReliableMqtt.Sample.Publishing;

/// <summary>Reads comma-separated values as RFC 4180 has them: a field in double quotes may hold commas, line ends, and quotes written twice.</summary>
internal static class CsvReader
{
    /// <summary>The rows, each a list of fields. Empty lines are skipped.</summary>
    /// <exception cref="FormatException">A quote is not closed.</exception>
    public static async IAsyncEnumerable<IReadOnlyList<string>> ReadAsync(TextReader reader, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Length == 0) continue;
            while (HasOpenQuote(line))
            {
                line += '\n' + (await reader.ReadLineAsync(cancellationToken)
                    ?? throw new FormatException($"A quoted field is not closed: {line[..Math.Min(line.Length, 60)]}"));
            }

            yield return Split(line);
        }
    }

    private static bool HasOpenQuote(string line) => line.Count(c => c == '"') % 2 == 1;

    private static List<string> Split(string line)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (c == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"')
                field.Append(line[i++]);
            else if (c == '"')
                quoted = !quoted;
            else if (c == ',' && !quoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
                field.Append(c);
        }

        fields.Add(field.ToString());
        return fields;
    }
}
