using ReliableMqtt.Redis;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Processes;
using StackExchange.Redis;

namespace ReliableMqtt.Torture.Verbs.Poison;

/// <summary>What must be true of a ledger with damaged records after the next publisher has gone through it.</summary>
internal static class LedgerVerdict
{
    public static async Task ReportAsync(Run run, Site site, ReliablePublisher publisher, IDatabase database, LedgerDamage damage, IReadOnlyList<int> messages)
    {
        var report = run.Report;
        var counts = await StatisticsAsync(site, run);
        report.RequireEqual("ledger: left in the backlog", counts.Backlog, 0);
        report.RequireEqual("ledger: left in flight", counts.InFlight, 0);
        report.RequireEqual("ledger: dead letters", counts.DeadLetters, 0);

        var quarantine = (await database.HashGetAllAsync(damage.Key("quarantine"))).Select(entry => Split((byte[])entry.Value!)).ToList();
        var aside = quarantine.Select(entry => Convert.ToHexString(entry.Record)).ToList();
        var wanted = damage.Records.Select(record => Convert.ToHexString(record.Bytes)).ToList();
        report.RequireEqual("ledger: put aside", quarantine.Count, damage.Records.Count);
        report.RequireEqual("ledger: damaged and not put aside, byte for byte", Without(wanted, aside).Count, 0);
        report.RequireEqual("ledger: put aside though intact", Without(aside, wanted).Count, 0);
        report.RequireEqual("ledger: put aside without a reason", quarantine.Count(entry => string.IsNullOrWhiteSpace(entry.Reason)), 0);
        foreach (var (kind, count) in damage.Records.Where(record => !aside.Contains(Convert.ToHexString(record.Bytes))).CountBy(record => (record.Kind, record.WasInFlight)))
            report.Detail($"{count} of {kind} were not put aside");

        var intact = messages.Select(number => (long)number).Except(damage.Records.Select(record => record.Number)).ToHashSet();
        await Patience.ReachesAsync(() => site.Counter!.Count, intact.Count, TimeSpan.FromSeconds(10), run.Stop);
        var delivered = site.Counter!.Deliveries.Select(delivery => Payload.TryDecode(delivery.Payload, out var number, out _) ? number : -1).CountBy(number => number).ToDictionary();
        report.RequireEqual("ledger: intact and lost", intact.Count(number => !delivered.ContainsKey(number)), 0);
        report.RequireEqual("ledger: delivered twice at QoS 2", delivered.Count(entry => entry.Value > 1), 0);
        report.RequireEqual("ledger: delivered with another payload", delivered.GetValueOrDefault(-1), 0);
        report.RequireEqual("ledger: damaged and delivered", damage.Records.Count(record => delivered.ContainsKey(record.Number)), 0);
        await ReceiptsAsync(run, publisher, damage);
        report.Figure("ledger_messages", messages.Count);
        report.Figure("ledger_damaged", damage.Records.Count);
        report.Figure("ledger_put_aside", quarantine.Count);
        report.Figure("ledger_delivered", delivered.Values.Sum());
    }

    // A damaged message was not confirmed and will not be: it must not read so, and nobody may wait for it for ever. Those with an id of the application's may have
    // been published again by it.
    private static async Task ReceiptsAsync(Run run, ReliablePublisher publisher, LedgerDamage damage)
    {
        List<(DamagedRecord Record, PublishOutcome Outcome)> receipts = [];
        await Patience.UntilAsync(async () =>
        {
            receipts.Clear();
            foreach (var record in damage.Records) receipts.Add((record, (await publisher.GetReceiptAsync(record.Id, run.Stop)).Outcome));
            return receipts.TrueForAll(receipt => receipt.Outcome != PublishOutcome.Pending);
        }, TimeSpan.FromSeconds(10), run.Stop);
        run.Report.RequireEqual("ledger: damaged and reading as confirmed", receipts.Count(receipt => receipt.Record.Id.IsAutomatic && receipt.Outcome == PublishOutcome.Confirmed), 0);
        run.Report.RequireEqual("ledger: damaged and reading as pending for ever", receipts.Count(receipt => receipt.Outcome == PublishOutcome.Pending), 0);
        foreach (var (outcome, count) in receipts.CountBy(receipt => receipt.Outcome)) run.Report.Figure($"ledger_reads_{outcome}".ToLowerInvariant(), count);
    }

    private static async Task<Ledger.LedgerStatistics> StatisticsAsync(Site site, Run run)
    {
        await using var ledger = new RedisAckLedger(site.Redis.Address);
        await ledger.OpenAsync(new Ledger.LedgerOpenOptions { PublisherId = "poisoned" }, run.Stop);
        return await ledger.GetStatisticsAsync(run.Stop);
    }

    private static (string Reason, byte[] Record) Split(byte[] value)
    {
        var end = Array.IndexOf(value, (byte)'\n');
        return (System.Text.Encoding.UTF8.GetString(value[..end]), value[(end + 1)..]);
    }

    // As bags: two records may have been cut off to the same bytes.
    private static List<string> Without(IEnumerable<string> all, IEnumerable<string> gone)
    {
        var left = gone.CountBy(text => text).ToDictionary();
        return [.. all.Where(text => left.GetValueOrDefault(text) is var count && (left[text] = count - 1) < 0)];
    }
}
