using System.Text.RegularExpressions;

namespace ReliableMqtt.Tests.Architecture;

/// <summary>Holds the session to be a pure state machine: what it does is a function of its inputs, so that simulations can replay it.</summary>
public partial class SessionPurityTests
{
    [Fact]
    public void The_session_has_no_clock_no_randomness_no_tasks_and_no_log()
    {
        var session = SourceFile.Library.Where(file => file.Folder == "Session").ToArray();
        Assert.NotEmpty(session);
        Assert.Empty(session.SelectMany(file => Impurities(file.Code).Select(found => $"{file.RelativePath}: {found}")));
    }

    [Theory]
    [InlineData("var now = DateTimeOffset.UtcNow;", "DateTimeOffset.UtcNow")]
    [InlineData("var now = DateTime.Now;", "DateTime.Now")]
    [InlineData("var random = new Random(1);", "new Random")]
    [InlineData("Random random = new(1);", "Random random = new")]
    [InlineData("Random.Shared.Next()", "Random.Shared")]
    [InlineData("public Task Run()", "Task")]
    [InlineData("await x;", "await")]
    [InlineData("Stopwatch.StartNew()", "Stopwatch")]
    [InlineData("ILogger<int> log", "ILogger")]
    [InlineData("TimeProvider.System", "TimeProvider")]
    [InlineData("Environment.TickCount64", "Environment")]
    [InlineData("Guid.NewGuid()", "Guid.NewGuid")]
    public void An_impurity_is_seen(string code, string found) => Assert.Equal([found], Impurities(code));

    [Fact]
    public void Given_time_and_randomness_are_pure() => Assert.Empty(Impurities("void Next(DateTimeOffset now, Random random) => random.Next();"));

    private static IEnumerable<string> Impurities(string code) => Impurity().Matches(code).Select(match => match.Value);

    [GeneratedRegex(@"\b(?:DateTime(?:Offset)?\.(?:Utc)?(?:Now|Today)|new\s+Random|Random\s+\w+\s*=\s*new|Random\.Shared|Task|ValueTask|async|await"
        + @"|Stopwatch|ILogger|ILoggerFactory|TimeProvider|Timer|Thread|CancellationToken|Environment|Guid\.NewGuid|RandomNumberGenerator|lock\s*\()\b")]
    private static partial Regex Impurity();
}
