using System.Text.RegularExpressions;
using ReliableMqtt.Tests;

namespace ReliableMqtt.IntegrationTests.Fixtures;

// Read from the document, and changed for tests.
internal sealed partial record DocumentedUser
{
    /// <summary>As it stands in the document.</summary>
    public static DocumentedUser Read() => new(ReadLine("user default off "), ReadLine("user plant "));

    /// <summary>With what the document adds for a cluster.</summary>
    public static DocumentedUser ReadForCluster()
    {
        var rights = Regex.Match(File.ReadAllText(RepositoryRoot.File("docs/redis.md")), "In a cluster the user needs `([^`]+)` besides");
        Assert.True(rights.Success, "docs/redis.md says nothing of a cluster.");
        var user = Read();
        return user with { Line = $"{user.Line} {rights.Groups[1].Value}" };
    }

    /// <summary>The same without one right.</summary>
    public DocumentedUser Without(string right)
    {
        var words = Line.Split(' ').ToList();
        Assert.True(words.Remove(right), $"The line of docs/redis.md has no {right}.");
        return this with { Line = string.Join(' ', words) };
    }

    private static string ReadLine(string start) =>
        File.ReadAllLines(RepositoryRoot.File("docs/redis.md")).Single(line => line.StartsWith(start, StringComparison.Ordinal));
}
