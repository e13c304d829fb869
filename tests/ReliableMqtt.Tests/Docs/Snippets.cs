using ReliableMqtt.Tests.Architecture;

namespace ReliableMqtt.Tests.Docs;

/// <summary>The regions of the files in this folder. Regions of one name in one file make one snippet, so that usings can stand above the code.</summary>
internal static class Snippets
{
    public static IEnumerable<string> All() => RepositoryFiles.All
        .Where(path => path.StartsWith("tests/ReliableMqtt.Tests/Docs/", StringComparison.Ordinal) && path.EndsWith(".cs", StringComparison.Ordinal))
        .SelectMany(path => Of(File.ReadAllLines(RepositoryRoot.File(path))));

    /// <summary>The snippets of one file, without the indentation of their first line.</summary>
    public static IEnumerable<string> Of(IEnumerable<string> lines)
    {
        var regions = new List<(string Name, List<string> Lines)>();
        List<string>? open = null;
        foreach (var line in lines)
        {
            if (line.TrimStart().StartsWith("#region ", StringComparison.Ordinal)) regions.Add((line.Trim(), open = []));
            else if (line.TrimStart().StartsWith("#endregion", StringComparison.Ordinal)) open = null;
            else open?.Add(line);
        }

        return regions.GroupBy(region => region.Name).Select(group => string.Join('\n', group.SelectMany(region => Dedent(region.Lines))).TrimEnd());
    }

    private static IEnumerable<string> Dedent(List<string> lines)
    {
        var first = lines.FirstOrDefault(line => line.Length > 0) ?? "";
        var indent = first.Length - first.TrimStart().Length;
        return lines.Select(line => line.Length > indent ? line[indent..] : line.TrimStart());
    }
}
