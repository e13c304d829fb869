using System.Text.RegularExpressions;
using ReliableMqtt.Tests.Architecture;

namespace ReliableMqtt.Tests.Docs;

/// <summary>docs/tool.md explains each check of the doctor, and no other.</summary>
public partial class ToolDocTests
{
    [Fact]
    public void It_has_the_checks_of_the_doctor_and_no_other()
    {
        var made = SourceFile.Tool.Where(file => file.Folder == "Doctor").SelectMany(file => Check().Matches(file.Code)).Select(match => match.Groups[1].Value).ToHashSet();
        Assert.Contains("redis-credentials", made);
        var rows = Document.Read("docs/tool.md").Text.Split("| Check | Looks at |")[1].Split('\n').Skip(2).TakeWhile(line => line.StartsWith('|'));
        var told = rows.SelectMany(row => Name().Matches(row.Split('|')[1])).Select(match => match.Groups[1].Value);
        Assert.Equal(made.Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
    }

    [GeneratedRegex("""(?:Finding\.(?:Ok|Warning|Problem)\(\s*|const string Check = |NotLookedAt\()"([a-z0-9-]+)"(?=[,;)])""")]
    private static partial Regex Check();

    [GeneratedRegex("`([a-z0-9-]+)`")]
    private static partial Regex Name();
}
