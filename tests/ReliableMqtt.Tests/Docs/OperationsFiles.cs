using System.Text.RegularExpressions;

namespace ReliableMqtt.Tests.Docs;

/// <summary>The dashboard and the alert rules, and the names in them.</summary>
internal static partial class OperationsFiles
{
    public const string Dashboard = "docs/operations/grafana-dashboard.json";
    public const string Alerts = "docs/operations/prometheus-alerts.yml";

    public static string Read(string path) => File.ReadAllText(RepositoryRoot.File(path));

    /// <summary>All that looks like one of our series or labels.</summary>
    public static IReadOnlySet<string> Names(string text) => Name().Matches(text).Select(match => match.Value).ToHashSet();

    /// <summary>The labels that are compared with something, or summed by.</summary>
    public static IReadOnlySet<string> Labels(string text) =>
        Matcher().Matches(text).Select(match => match.Groups[1].Value)
            .Concat(Grouping().Matches(text).SelectMany(match => match.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries))).ToHashSet();

    [GeneratedRegex(@"\b(?:reliable_mqtt|messaging)_\w+")]
    private static partial Regex Name();

    [GeneratedRegex(@"[{,](\w+)(?:=~|!=|!~|=)\\?""")]
    private static partial Regex Matcher();

    [GeneratedRegex(@"\bby \(([\w, ]+)\)")]
    private static partial Regex Grouping();
}
