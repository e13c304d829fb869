using System.CommandLine;
using System.Globalization;
using ReliableMqtt.Ledger;
using ReliableMqtt.Tool.Output;

namespace ReliableMqtt.Tool.Verbs;

/// <summary><c>status</c>: who owns the ledger, what is in it, and what would survive.</summary>
internal static class StatusVerb
{
    public static Command Create(ToolHost host)
    {
        var verb = new LedgerVerb(host, "status", "Who dispatches, how much is pending, dead and in quarantine, and how durable the ledger is.");
        verb.Run(async (_, open, stop) =>
        {
            var overview = await open.Ledger.GetOverviewAsync(stop);
            var counts = await open.Ledger.GetStatisticsAsync(stop);
            if (open.Json) WriteJson(open, overview, counts);
            else WriteText(open, overview, counts);
            return ExitCode.Success;
        });
        return verb.Command;
    }

    private static void WriteText(OpenLedger open, LedgerOverview overview, LedgerStatistics counts) => TextTable.WritePairs(open.Host,
    [
        ("publisher id", open.PublisherId),
        ("ledger", open.Address),
        ("durability", $"{Words.Spoken(open.Durability.Level)}: {open.Durability.Description}"),
        ("lease", LeaseText(overview)),
        ("session", SessionText(overview.Session)),
        ("last operation", Words.Number(overview.LastOperation)),
        ("tail", Words.Number(overview.Tail)),
        ("in flight", Words.Number(counts.InFlight)),
        ("backlog", Words.Number(counts.Backlog)),
        ("pending bytes", Words.Bytes(counts.PendingBytes)),
        ("oldest", OldestText(counts, open.Host.Time.GetUtcNow())),
        ("dead letters", Words.Number(counts.DeadLetters)),
        ("quarantine", Words.Number(counts.Quarantined)),
        .. counts.Totals is { } totals ? (ReadOnlySpan<(string, string)>)[("counted", TotalsText(totals))] : [],
    ]);

    private static void WriteJson(OpenLedger open, LedgerOverview overview, LedgerStatistics counts)
    {
        using var json = new JsonOutput(open.Host.Out);
        var writer = json.Writer;
        writer.WriteString("publisherId", open.PublisherId);
        writer.WriteString("ledger", open.Address);
        writer.WriteStartObject("durability");
        writer.WriteString("level", Words.Name(open.Durability.Level));
        writer.WriteString("description", open.Durability.Description);
        writer.WriteEndObject();
        writer.WriteStartObject("lease");
        writer.WriteString("state", Words.Name(overview.Lease));
        writer.WriteString("owner", overview.Owner);
        if (overview.LeaseRemaining is { } left) writer.WriteNumber("remainingSeconds", Math.Round(left.TotalSeconds, 3));
        else writer.WriteNull("remainingSeconds");
        writer.WriteEndObject();
        writer.WriteString("session", Words.Name(overview.Session));
        writer.WriteNumber("lastOperation", overview.LastOperation);
        writer.WriteNumber("tail", overview.Tail);
        writer.WriteNumber("inFlight", counts.InFlight);
        writer.WriteNumber("backlog", counts.Backlog);
        writer.WriteNumber("pendingBytes", counts.PendingBytes);
        json.Time("oldestAcceptedAt", counts.OldestAcceptedAt);
        writer.WriteNumber("deadLetters", counts.DeadLetters);
        writer.WriteNumber("quarantined", counts.Quarantined);
        if (counts.Totals is { } totals)
        {
            writer.WriteStartObject("totals");
            writer.WriteNumber("accepted", totals.Accepted);
            writer.WriteNumber("confirmed", totals.Confirmed);
            writer.WriteNumber("expired", totals.Expired);
            writer.WriteNumber("deadLettered", totals.DeadLettered);
            writer.WriteNumber("putAside", totals.PutAside);
            writer.WriteEndObject();
        }

        json.Complete();
    }

    private static string TotalsText(LedgerTotals totals) =>
        $"{Words.Number(totals.Accepted)} accepted, {Words.Number(totals.Confirmed)} confirmed, {Words.Number(totals.Expired)} expired, {Words.Number(totals.DeadLettered)} dead letters, {Words.Number(totals.PutAside)} put aside";

    private static string OldestText(LedgerStatistics counts, DateTimeOffset now) =>
        counts.OldestAcceptedAt is { } oldest ? $"{Words.Time(oldest)}, {Words.Ago(oldest, now)}"
        : counts.InFlight + counts.Backlog > 0 ? "not known"
        : "none";

    private static string LeaseText(LedgerOverview overview)
    {
        var left = string.Create(CultureInfo.InvariantCulture, $"{overview.LeaseRemaining?.TotalSeconds:0.0} s left");
        return overview.Lease switch
        {
            LeaseState.Held => $"held by {overview.Owner}, {left}",
            LeaseState.Expired => $"run out; last held by {overview.Owner}, and nobody has taken it since",
            LeaseState.Grace => $"kept for {overview.Owner} after a restart of the store, {left}",
            _ => "free: nobody dispatches",
        };
    }

    private static string SessionText(BrokerSession session) => session switch
    {
        BrokerSession.Established => "established at the broker",
        BrokerSession.Condemned => "condemned: what is in flight is finished, then a clean one begins",
        _ => "none: the next connection asks for a clean start",
    };
}
