using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ReliableMqtt.Torture.Reports;

/// <summary>A report for people and for programs.</summary>
internal static class ReportWriter
{
    private const int MostDetails = 40, LongestDetail = 2_000;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>The table of checks, details of failures, and one last line of figures.</summary>
    public static string ToText(Report report)
    {
        var text = new StringBuilder().AppendLine();
        var header = new Check("check", true, "found", "wanted");
        int Width(Func<Check, string> column) => report.Checks.Append(header).Max(check => column(check).Length);
        var (names, found, wanted) = (Width(check => check.Name), Width(check => check.Found), Width(check => check.Wanted));
        foreach (var check in report.Checks.Prepend(header))
        {
            var verdict = ReferenceEquals(check, header) ? "" : check.Holds ? "holds" : "FAILED";
            text.AppendLine($"{check.Name.PadRight(names)}  {check.Found.PadLeft(found)}  {check.Wanted.PadRight(wanted)}  {verdict}".TrimEnd());
        }

        if (report.Details.Count > 0) text.AppendLine();
        foreach (var detail in report.Details.Take(MostDetails)) text.AppendLine(detail.Length > LongestDetail ? detail[..LongestDetail] + "…" : detail);
        if (report.Details.Count > MostDetails) text.AppendLine(CultureInfo.InvariantCulture, $"… and {report.Details.Count - MostDetails} more");
        return text.AppendLine().Append(LastLine(report)).ToString();
    }

    public static string ToJson(Report report) => JsonSerializer.Serialize(
        new
        {
            report.Verb,
            report.Seed,
            Quick = report.IsQuick,
            report.Holds,
            report.Checks,
            Figures = report.Figures.ToDictionary(),
            report.Details,
        },
        Indented);

    private static string LastLine(Report report) => string.Join(' ', report.Figures.Select(figure => Text(figure.Key, figure.Value))
        .Prepend(Text("holds", report.Holds ? "yes" : "no")).Prepend(Text("seed", report.Seed)).Prepend(report.Verb));

    private static string Text(string name, object value) => string.Create(CultureInfo.InvariantCulture, $"{name}={value}");
}
