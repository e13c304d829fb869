using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using ReliableMqtt.Sqlite;

namespace ReliableMqtt.Tests.Docs;

/// <summary>Proves that docs/production.md has each log event as the code has it, with what to do about it, and no other.</summary>
public sealed partial class LogEventTableTests
{
    private static readonly Assembly[] Libraries = [typeof(IReliablePublisher).Assembly, typeof(SqliteAckLedger).Assembly, typeof(ReliableMqttOptions).Assembly];

    [Fact]
    public void The_table_has_every_event_with_its_level_and_text_and_no_other()
    {
        var declared = Declared().Order(StringComparer.Ordinal).ToList();
        Assert.True(declared.Count > 50);
        Assert.Equal(declared, Rows(Document.Read("docs/production.md").Text).Select(row => row.Event));
    }

    [Fact]
    public void Each_event_says_what_to_do() =>
        Assert.All(Rows(Document.Read("docs/production.md").Text), row => Assert.True(row.Action.Length >= "Nothing.".Length && row.Action.EndsWith('.'), $"{row.Event}: {row.Action}"));

    [Fact]
    public void Rows_are_found() =>
        Assert.Equal([("7001 Warning It {Fails}", "Look.")], Rows("| Id | Level | Text |\n|---|---|---|\n| 7001 | Warning | It {Fails} | Look. |\n| a | b |"));

    private static IEnumerable<string> Declared() =>
        from library in Libraries
        from type in library.GetTypes()
        from method in type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        let message = method.GetCustomAttribute<LoggerMessageAttribute>()
        where message is not null
        select $"{message.EventId} {message.Level} {message.Message}";

    private static List<(string Event, string Action)> Rows(string text) =>
        [.. Row().Matches(text).Select(row => ($"{row.Groups[1].Value} {row.Groups[2].Value} {row.Groups[3].Value}", row.Groups[4].Value))];

    [GeneratedRegex(@"^\| (\d{4}) \| (\w+) \| (.+?) \| (.+) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
