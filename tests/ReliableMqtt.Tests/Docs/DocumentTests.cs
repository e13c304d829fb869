using ReliableMqtt.Tests.Architecture;

namespace ReliableMqtt.Tests.Docs;

/// <summary>What the documents point at exists: a file that is renamed takes its mentions with it.</summary>
public class DocumentTests
{
    [Fact]
    public void Every_link_leads_to_a_file()
    {
        var broken = Document.All.SelectMany(document => document.LinkedFiles
            .Where(path => !RepositoryFiles.All.Any(file => file == path || file.StartsWith(path.TrimEnd('/') + "/", StringComparison.Ordinal)))
            .Select(path => $"{document.RelativePath} links to {path}"));
        Assert.Empty(broken);
    }

    [Fact]
    public void Every_file_that_is_mentioned_is_there()
    {
        var missing = Document.All.SelectMany(document => document.MentionedFiles
            .Where(name => !RepositoryFiles.All.Any(file => file == name || file.EndsWith("/" + name, StringComparison.Ordinal)))
            .Select(name => $"{document.RelativePath} mentions {name}"));
        Assert.Empty(missing);
    }

    [Fact]
    public void Links_and_mentions_are_found()
    {
        var document = new Document("docs/a.md", "[b](b.md#part) [c](../README.md) [d](https://e.org/f.md) [g](#part) `src/H.cs` `I.cs` `x.y`");
        Assert.Equal(["docs/b.md", "README.md"], document.LinkedFiles);
        Assert.Equal(["src/H.cs", "I.cs"], document.MentionedFiles);
    }
}
