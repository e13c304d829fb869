using System.Globalization;
using System.Text.RegularExpressions;
using ReliableMqtt.Tests.Architecture;

namespace ReliableMqtt.Tests.Conformance;

/// <summary>A test that claims rows.</summary>
/// <param name="Name">Its class and its own name, or the class alone where the whole of it proves the rows.</param>
/// <param name="Rows">The rows that it claims.</param>
internal sealed record ConformanceClaim(string Name, IReadOnlyList<int> Rows);

/// <summary>
/// Finds <see cref="ConformanceAttribute"/> in the sources of all test projects, so that it does not depend on which of them are built. Comments and texts do
/// not count, nor does an attribute on what is no test, or on one that is always skipped.
/// </summary>
internal static partial class ConformanceReader
{
    /// <summary>All claims of the repository, in the order of their names.</summary>
    public static IReadOnlyList<ConformanceClaim> All() => Of("tests/");

    /// <summary>The claims of the files in a folder.</summary>
    public static IReadOnlyList<ConformanceClaim> Of(string folder) =>
    [
        .. RepositoryFiles.All.Where(path => path.StartsWith(folder, StringComparison.Ordinal) && path.EndsWith(".cs", StringComparison.Ordinal))
            .SelectMany(path => Read(File.ReadAllText(RepositoryRoot.File(path)))).OrderBy(claim => claim.Name, StringComparer.Ordinal),
    ];

    /// <summary>The claims of one file; <see cref="FormatException"/> for an attribute that stands where it cannot count.</summary>
    public static IEnumerable<ConformanceClaim> Read(string source)
    {
        var code = SourceFile.WithoutTexts(source).ReplaceLineEndings("\n");
        var found = Claim().Matches(code);
        if (Attribute().Count(code) is var all && all != found.Count)
            throw new FormatException($"{all - found.Count} of {all} [Conformance] in {Class().Match(code).Groups[1].Value} do not stand directly before a public test or class.");
        foreach (Match match in found)
        {
            var rows = match.Groups["rows"].Value.Split(',').Select(row => int.Parse(row, CultureInfo.InvariantCulture)).ToList();
            var type = match.Groups["type"];
            if (type.Success)
            {
                if (!Test().IsMatch(code)) throw new FormatException($"{type.Value} has no test.");
                yield return new(type.Value, rows);
                continue;
            }

            // What stands above it without an empty line between them belongs to the same declaration.
            var head = code[(code.LastIndexOf("\n\n", match.Index, StringComparison.Ordinal) + 1)..match.Index];
            var name = $"{Class().Matches(code).Last(declaration => declaration.Index < match.Index).Groups[1].Value}.{match.Groups["method"].Value}";
            if (!Test().IsMatch(head)) throw new FormatException($"{name} is no test, or one that is skipped.");
            yield return new(name, rows);
        }
    }

    [GeneratedRegex(@"\[Conformance\((?<rows>\d+(?:,\s*\d+)*)\)\]\s*public\s+(?:(?:async|sealed|partial|static)\s+)*(?:class\s+(?<type>\w+)|(?:Task|ValueTask|void)\s+(?<method>\w+)\s*\()")]
    private static partial Regex Claim();

    [GeneratedRegex(@"[\[,]\s*Conformance(?:Attribute)?\b")]
    private static partial Regex Attribute();

    [GeneratedRegex(@"\[(?:Fact|Theory)(?!\w)(?![^\n]*\bSkip\s*=)")]
    private static partial Regex Test();

    [GeneratedRegex(@"^(?:public|internal)\s[^\n]*\bclass\s+(\w+)", RegexOptions.Multiline)]
    private static partial Regex Class();
}
