using ReliableMqtt.Tool.Doctor;
using ReliableMqtt.Tool.Output;

namespace ReliableMqtt.Tool.Verbs;

/// <summary>Findings for people and for scripts.</summary>
internal static class DoctorReport
{
    public static void WriteText(ToolHost host, IReadOnlyList<Finding> findings)
    {
        var table = new TextTable("Check", "Result", "What is so");
        foreach (var finding in findings) table.Add(finding.Check, Words.Spoken(finding.Level), finding.What);
        table.Write(host);
        foreach (var finding in findings.Where(finding => finding.Level > Level.Ok).OrderByDescending(finding => finding.Level))
        {
            host.Out.WriteLine();
            host.Out.WriteLine(SafeText.Escape($"{Words.Spoken(finding.Level)}: {finding.Check}: {finding.What}"));
            host.Out.WriteLine(SafeText.Escape($"  why:    {finding.Why}"));
            host.Out.WriteLine(SafeText.Escape($"  change: {finding.Change}"));
        }

        host.Out.WriteLine();
        host.Out.WriteLine($"ok={Count(findings, Level.Ok)} warnings={Count(findings, Level.Warning)} problems={Count(findings, Level.Problem)}");
    }

    public static void WriteJson(ToolHost host, Checkup checkup, IReadOnlyList<Finding> findings)
    {
        using var json = new JsonOutput(host.Out);
        var writer = json.Writer;
        writer.WriteString("publisherId", checkup.PublisherId);
        writer.WriteString("broker", checkup.Broker?.ToString());
        writer.WriteString("ledger", checkup.Ledger?.ToString());
        writer.WriteStartArray("findings");
        foreach (var finding in findings)
        {
            writer.WriteStartObject();
            writer.WriteString("check", finding.Check);
            writer.WriteString("level", Words.Name(finding.Level));
            writer.WriteString("what", finding.What);
            writer.WriteString("why", finding.Why);
            writer.WriteString("change", finding.Change);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteNumber("ok", Count(findings, Level.Ok));
        writer.WriteNumber("warnings", Count(findings, Level.Warning));
        writer.WriteNumber("problems", Count(findings, Level.Problem));
        json.Complete();
    }

    private static int Count(IReadOnlyList<Finding> findings, Level level) => findings.Count(finding => finding.Level == level);
}
