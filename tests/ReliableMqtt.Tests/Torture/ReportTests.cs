using System.Text.Json;
using ReliableMqtt.Torture.Reports;

namespace ReliableMqtt.Tests.Torture;

public class ReportTests
{
    [Fact]
    public void A_run_that_has_checked_nothing_has_proven_nothing() => Assert.False(new Report("verb", 1, isQuick: true).Holds);

    [Fact]
    public void One_check_that_fails_is_enough()
    {
        var report = new Report("verb", 1, isQuick: true);
        report.RequireEqual("lost", 0, 0);
        Assert.True(report.Holds);
        report.RequireAtMost("takeover", 6.001, 6, " s");
        report.RequireEqual("answered", 2, 2);
        Assert.False(report.Holds);
    }

    [Fact]
    public void The_text_has_every_check_and_ends_with_the_figures()
    {
        var report = new Report("verb", 17, isQuick: false);
        report.RequireEqual("lost", 1, 0);
        report.Detail("message 4 is lost");
        report.Figure("messages", 50_000);
        report.Figure("rate", 1234.56789);
        var lines = ReportWriter.ToText(report).Split('\n');
        Assert.Contains(lines, line => line.StartsWith("lost", StringComparison.Ordinal) && line.EndsWith("FAILED", StringComparison.Ordinal));
        Assert.Contains("message 4 is lost", lines);
        Assert.Equal("verb seed=17 holds=no messages=50000 rate=1234.568", lines[^1]);
    }

    [Fact]
    public void The_json_says_the_same()
    {
        var report = new Report("verb", 17, isQuick: true);
        report.RequireEqual("lost", 0, 0);
        report.Figure("messages", 3);
        var json = JsonDocument.Parse(ReportWriter.ToJson(report)).RootElement;
        Assert.True(json.GetProperty("holds").GetBoolean());
        Assert.Equal(17, json.GetProperty("seed").GetInt32());
        Assert.Equal("lost", json.GetProperty("checks")[0].GetProperty("name").GetString());
        Assert.Equal(3, json.GetProperty("figures").GetProperty("messages").GetInt32());
    }
}
