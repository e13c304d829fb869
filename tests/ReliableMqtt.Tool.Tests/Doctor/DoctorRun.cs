using System.Text.Json;
using ReliableMqtt.Tool.Doctor;

namespace ReliableMqtt.Tool.Tests.Doctor;

/// <summary>One run of <c>doctor --json</c> on real servers, and the same again for people: both have to say the same.</summary>
internal sealed record DoctorRun(int Code, IReadOnlyList<Finding> Findings, string Text)
{
    public const string PublisherId = "plant-7";

    public static async Task<DoctorRun> RunAsync(params string[] args)
    {
        var (code, json) = await OnceAsync([.. args, "--json"]);
        var (sameCode, text) = await OnceAsync(args);
        Assert.Equal(code, sameCode);
        var findings = JsonDocument.Parse(json).RootElement.GetProperty("findings").EnumerateArray().Select(finding => new Finding(
            finding.GetProperty("check").GetString()!, Enum.Parse<Level>(finding.GetProperty("level").GetString()!, ignoreCase: true), finding.GetProperty("what").GetString()!,
            finding.GetProperty("why").GetString(), finding.GetProperty("change").GetString())).ToList();
        Assert.All(findings.Where(finding => finding.Level > Level.Ok), finding => Assert.NotEqual("", finding.Why + finding.Change));
        return new DoctorRun(code, findings, text);
    }

    /// <summary>The one finding of a check.</summary>
    public Finding Of(string check) => Assert.Single(Findings, finding => finding.Check == check);

    /// <summary>Finding and advice are there, for people too, and the exit code is that of a problem.</summary>
    public void HasProblem(string check, string what, string change)
    {
        var finding = Of(check);
        Assert.Equal((check, Level.Problem), (finding.Check, finding.Level));
        Assert.Contains(what, finding.What, StringComparison.Ordinal);
        Assert.Contains(change, finding.Change, StringComparison.Ordinal);
        Assert.Contains($"problem: {check}: ", Text, StringComparison.Ordinal);
        Assert.Contains(change, Text, StringComparison.Ordinal);
        Assert.Equal(ExitCode.ProblemsFound, Code);
    }

    /// <summary>No finding is worse than this.</summary>
    public void IsWell(Level worst = Level.Ok)
    {
        Assert.Empty(Findings.Where(finding => finding.Level > worst).Select(finding => $"{finding.Check}: {finding.What}"));
        Assert.Equal(ExitCode.Success, Code);
    }

    private static async Task<(int Code, string Text)> OnceAsync(string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(["doctor", "--publisher-id", PublisherId, .. args], new ToolHost { Out = output, Error = error, Width = null, Variable = _ => null });
        Assert.Equal("", error.ToString());
        return (code, output.ToString());
    }
}
