using System.Text.RegularExpressions;
using ReliableMqtt.Sample.Settings;

namespace ReliableMqtt.Sample.Publishing;

/// <summary>A topic in which <c>{column}</c> stands for the value of that column: <c>weather/{station}/hourly</c>.</summary>
internal sealed partial class TopicTemplate(string text)
{
    /// <exception cref="BadUsageException">The topic names a column that the row does not have.</exception>
    public string Fill(IReadOnlyList<string> columns, IReadOnlyList<string> row) => Placeholder().Replace(text, match =>
    {
        var name = match.Groups[1].Value;
        for (var i = 0; i < columns.Count; i++)
        {
            if (columns[i] == name) return row[i];
        }

        throw new BadUsageException($"The topic names the column '{name}'; there are {string.Join(", ", columns)}.");
    });

    /// <summary>The text itself, where there are no columns.</summary>
    public override string ToString() => text;

    [GeneratedRegex(@"\{([^{}]+)\}")]
    private static partial Regex Placeholder();
}
