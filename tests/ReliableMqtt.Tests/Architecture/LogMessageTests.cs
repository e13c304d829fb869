using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using ReliableMqtt.Sqlite;

namespace ReliableMqtt.Tests.Architecture;

/// <summary>Holds the log messages together: whoever filters by event id must be able to trust that it means one thing.</summary>
public class LogMessageTests
{
    private static IEnumerable<(MethodInfo Method, int Id)> Messages => MessagesOf(typeof(IReliablePublisher).Assembly);

    private static IEnumerable<(MethodInfo Method, int Id)> MessagesOf(Assembly assembly) =>
        from type in assembly.GetTypes()
        from method in type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        let message = method.GetCustomAttribute<LoggerMessageAttribute>()
        where message is not null
        select (method, message.EventId);

    [Fact]
    public void Event_ids_are_given_and_unique()
    {
        // Guards against a build that strips the attributes, which would leave nothing to check.
        Assert.Equal(SourceFile.Library.Any(file => file.Code.Contains("[LoggerMessage(", StringComparison.Ordinal)), Messages.Any());
        Assert.All(Messages, message => Assert.True(message.Id > 0, $"{message.Method.Name} has no event id."));
        var all = Messages.Concat(MessagesOf(typeof(SqliteAckLedger).Assembly)).ToList();
        Assert.True(all.Count > Messages.Count(), "The package for SQLite has no messages.");
        var shared = all.GroupBy(message => message.Id).Where(group => group.Count() > 1)
            .Select(group => $"{group.Key}: {string.Join(", ", group.Select(message => message.Method.Name))}");
        Assert.Empty(shared);
    }

    [Fact]
    public void All_log_messages_are_in_Telemetry()
    {
        var elsewhere = Messages.Where(message => message.Method.DeclaringType?.Namespace != "ReliableMqtt.Telemetry")
            .Select(message => $"{message.Method.DeclaringType}.{message.Method.Name}");
        var byHand = SourceFile.Library.Where(file => Regex.IsMatch(file.Code, @"\.Log(?:Trace|Debug|Information|Warning|Error|Critical)?\("))
            .Select(file => file.RelativePath);
        Assert.Empty(elsewhere.Concat(byHand));
    }
}
