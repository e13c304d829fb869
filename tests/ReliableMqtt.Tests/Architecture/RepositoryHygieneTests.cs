using System.Text.RegularExpressions;

namespace ReliableMqtt.Tests.Architecture;

/// <summary>Holds what a reader of the repository may expect of its files.</summary>
public partial class RepositoryHygieneTests
{
    private const int MaxLines = 250;

    // Put together, so that this file does not hold what it forbids.
    private static readonly string[] ForbiddenWords = ["/wo" + "rk/", "../sha" + "red"];

    private static IEnumerable<string> LibrarySources =>
        RepositoryFiles.All.Where(path => path.StartsWith("src/", StringComparison.Ordinal) && path.EndsWith(".cs", StringComparison.Ordinal));

    [Fact]
    public void No_source_file_is_longer_than_a_reader_can_hold()
    {
        var tooLong = LibrarySources.Select(path => (path, Lines: File.ReadLines(RepositoryRoot.File(path)).Count())).Where(file => file.Lines > MaxLines);
        Assert.Empty(tooLong);
    }

    [Fact]
    public void Nothing_in_src_is_left_undone()
    {
        var undone = LibrarySources.Where(path => Undone().IsMatch(File.ReadAllText(RepositoryRoot.File(path))));
        Assert.Empty(undone);
    }

    [Fact]
    public void No_build_output_is_tracked()
    {
        if (RepositoryFiles.Tracked is not { } tracked)
        {
            Assert.Skip("This is no git clone: nothing is tracked.");
            return;
        }

        Assert.Contains("ReliableMqtt.sln", tracked);
        Assert.DoesNotContain(tracked, path => BuildOutput().IsMatch(path));
    }

    [Fact]
    public void The_repository_speaks_of_itself_alone()
    {
        var found = RepositoryFiles.All.Where(path => path != ".ci/run")
            .SelectMany(path => Forbidden(File.ReadAllText(RepositoryRoot.File(path))).Select(word => $"{path}: {word}"));
        Assert.Empty(found);
    }

    [Fact]
    public void The_patterns_find_what_they_are_for()
    {
        Assert.Matches(Undone(), "// TO" + "DO: later");
        Assert.Matches(Undone(), "throw new NotImplemented" + "Exception();");
        Assert.DoesNotMatch(Undone(), "throw new NotSupportedException();");
        Assert.Matches(BuildOutput(), "src/ReliableMqtt/bin/Release/a.dll");
        Assert.Matches(BuildOutput(), "tests/A/TestResults/a.trx");
        Assert.DoesNotMatch(BuildOutput(), "src/Combined/Object.cs");
        Assert.Equal([ForbiddenWords[0]], Forbidden("cd " + ForbiddenWords[0] + "x"));
    }

    private static IEnumerable<string> Forbidden(string text) => ForbiddenWords.Where(word => text.Contains(word, StringComparison.Ordinal));

    [GeneratedRegex(@"\b(?:TODO|FIXME|NotImplementedException)\b")]
    private static partial Regex Undone();

    [GeneratedRegex(@"(?:^|/)(?:bin|obj|TestResults|artifacts)/|\.(?:dll|pdb|nupkg|trx)$")]
    private static partial Regex BuildOutput();
}
