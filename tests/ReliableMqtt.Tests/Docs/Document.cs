using System.Text.RegularExpressions;
using ReliableMqtt.Tests.Architecture;

namespace ReliableMqtt.Tests.Docs;

/// <summary>A Markdown file of the repository, and what tests look for in it.</summary>
internal sealed partial record Document(string RelativePath, string Text)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Document> All { get; } =
        [.. RepositoryFiles.All.Where(path => path.EndsWith(".md", StringComparison.Ordinal)).Select(Read)];

    /// <summary>Its blocks of C#.</summary>
    public IEnumerable<string> CodeBlocks => CodeBlock().Matches(Text).Select(match => match.Groups[1].Value.TrimEnd());

    /// <summary>The files that it links to, by their path from the root; links to the outside and within the file are left out.</summary>
    public IEnumerable<string> LinkedFiles => Link().Matches(Text).Select(match => match.Groups[1].Value.Split('#')[0])
        .Where(target => target.Length > 0 && !target.Contains("://", StringComparison.Ordinal))
        .Select(target => Path.GetRelativePath(RepositoryRoot.Path, Path.Combine(RepositoryRoot.Path, Path.GetDirectoryName(RelativePath)!, target)).Replace('\\', '/'));

    /// <summary>The names of source files that it mentions in code quotes, with as much of their path as it gives.</summary>
    public IEnumerable<string> MentionedFiles => Mention().Matches(Text).Select(match => match.Groups[1].Value);

    public static Document Read(string relativePath) =>
        new(relativePath, File.ReadAllText(RepositoryRoot.File(relativePath)).ReplaceLineEndings("\n"));

    [GeneratedRegex(@"^```csharp\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`([\w./-]+\.(?:cs|sh|md|csproj|props))`")]
    private static partial Regex Mention();
}
