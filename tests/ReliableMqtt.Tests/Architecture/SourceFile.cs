using System.Text.RegularExpressions;

namespace ReliableMqtt.Tests.Architecture;

/// <summary>A source file of the library, of the tool or of the package for SQLite, with its comments taken out: rules are about code, and the docs may name what they like.</summary>
/// <param name="RelativePath">Its path below the project's folder, with forward slashes.</param>
/// <param name="Code">Its text without comments.</param>
internal sealed partial record SourceFile(string RelativePath, string Code)
{
    /// <summary>The folder directly below the project's; empty for a file of the root.</summary>
    public string Folder => RelativePath.Contains('/', StringComparison.Ordinal) ? RelativePath[..RelativePath.IndexOf('/', StringComparison.Ordinal)] : "";

    /// <summary>All of the library.</summary>
    public static IReadOnlyList<SourceFile> Library { get; } = Load("src/ReliableMqtt/");

    /// <summary>All of the tool.</summary>
    public static IReadOnlyList<SourceFile> Tool { get; } = Load("src/ReliableMqtt.Tool/");

    /// <summary>All of the package for SQLite.</summary>
    public static IReadOnlyList<SourceFile> Sqlite { get; } = Load("src/ReliableMqtt.Sqlite/");

    /// <summary>Makes one out of raw text.</summary>
    public static SourceFile Of(string relativePath, string text) =>
        new(relativePath, CommentOrString().Replace(text, match => match.Value.StartsWith('/') ? " " : match.Value));

    /// <summary>Code without its comments and without what stands in its texts.</summary>
    public static string WithoutTexts(string text) => CommentOrString().Replace(text, match => match.Value.StartsWith('/') ? " " : "\"\"");

    /// <summary>The types that it declares.</summary>
    public IEnumerable<string> DeclaredTypes => Declaration().Matches(Code).Select(match => match.Groups[1].Value);

    /// <summary>Its namespace; empty when it has none.</summary>
    public string Namespace => NamespaceLine().Match(Code).Groups[1].Value;

    /// <summary>The namespaces of its using directives, aliases and statics included.</summary>
    public IEnumerable<string> Usings => UsingLine().Matches(Code).Select(match => match.Groups[1].Value);

    private static List<SourceFile> Load(string folder)
    {
        var files = RepositoryFiles.All.Where(path => path.StartsWith(folder, StringComparison.Ordinal) && path.EndsWith(".cs", StringComparison.Ordinal))
            .Select(path => Of(path[folder.Length..], File.ReadAllText(RepositoryRoot.File(path)))).ToList();
        return files.Count > 0 ? files : throw new InvalidOperationException($"No source files in {folder}.");
    }

    // Strings are matched so that a "//" within them does not look like a comment.
    [GeneratedRegex("""
        \"{3}[\s\S]*?\"{3}|@"(?:[^"]|"")*"|"(?:\\.|[^"\\\r\n])*"|'(?:\\.|[^'\\])'|//[^\r\n]*|/\*[\s\S]*?\*/
        """)]
    private static partial Regex CommentOrString();

    [GeneratedRegex(@"\b(?:class|struct|interface|enum|record(?: class| struct)?)\s+([A-Z]\w*)")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^namespace\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^(?:global\s+)?using\s+(?:static\s+)?(?:\w+\s*=\s*)?([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex UsingLine();
}
