using ReliableMqtt.Ledger;
using ReliableMqtt.Tool.Output;

namespace ReliableMqtt.Tool.Doctor;

/// <summary>What is in the ledger of a publisher id. It is opened without being made, and only looked at.</summary>
internal static class LedgerChecks
{
    // As the health check has it by default.
    private static readonly TimeSpan OldestLimit = TimeSpan.FromMinutes(5);

    // A ledger asks a store that does not answer again and again.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public static async Task<IReadOnlyList<Finding>> RunAsync(AckLedger ledger, string publisherId, ToolHost host, CancellationToken stop)
    {
        const string Check = "ledger";
        using var patience = new CancellationTokenSource(Patience, host.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        try
        {
            await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = publisherId, CreateIfMissing = false, TimeProvider = host.Time }, either.Token);
            return [.. Judge(publisherId, await ledger.GetOverviewAsync(either.Token), await ledger.GetStatisticsAsync(either.Token), host.Time.GetUtcNow())];
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return [Unreadable(publisherId, $"no answer within {Words.Span(Patience)}")];
        }
        catch (LedgerNotFoundException)
        {
            return [Finding.Warning(Check, $"there is no ledger of publisher id '{publisherId}'", "A publisher makes one at its first start. When it has run already, this is another id, server or database than its own.", "Compare them with the publisher's, or start it.")];
        }
        catch (LedgerUnavailableException error)
        {
            return [Unreadable(publisherId, host.Hide(error.Message))];
        }
        catch (InvalidOperationException error)
        {
            return [Finding.Problem(Check, $"the ledger of '{publisherId}' is not usable: {host.Hide(error.Message)}", "A publisher does not start on it.", "Nothing was changed. Do what the text says, before anything else writes to it.")];
        }
    }

    private static Finding Unreadable(string publisherId, string why) => Finding.Problem(
        "ledger", $"the ledger of '{publisherId}' cannot be read: {why}", "No publisher can accept a message, since it could not be stored.", "What is said of the store comes first; then look again.");

    private static IEnumerable<Finding> Judge(string publisherId, LedgerOverview overview, LedgerStatistics counts, DateTimeOffset now)
    {
        var pending = counts.InFlight + counts.Backlog;
        yield return Finding.Ok("ledger", $"the ledger of '{publisherId}' is readable: {Words.Number(pending)} pending ({Words.Bytes(counts.PendingBytes)}), session {Words.Spoken(overview.Session)}");
        yield return Lease(overview, pending);
        yield return Oldest(counts, pending, now);
        yield return counts.DeadLetters == 0
            ? Finding.Ok("dead-letters", "none")
            : Finding.Warning("dead-letters", $"{Words.Number(counts.DeadLetters)} messages were given up", "They did not arrive, or it is not known; after DeadLetterRetention they are purged.", "See why: reliable-mqtt dead-letters; then replay or purge them.");
        yield return counts.Quarantined == 0
            ? Finding.Ok("quarantine", "none")
            : Finding.Warning("quarantine", $"{Words.Number(counts.Quarantined)} records could not be read", "They are not sent, and their ids read unknown: memory, disk or another program has damaged them.", "See what is left of them: reliable-mqtt quarantine --payload.");
    }

    private static Finding Lease(LedgerOverview overview, long pending)
    {
        var owner = overview.Owner ?? "nobody";
        if (overview.Lease is LeaseState.Held or LeaseState.Grace) return Finding.Ok("lease", overview.Lease == LeaseState.Held ? $"held by {owner}" : $"kept for {owner} after a restart of the store");
        var what = overview.Lease == LeaseState.Free ? "free: no publisher dispatches" : $"run out: {owner} is gone, or does not reach the ledger";
        return pending == 0
            ? Finding.Ok("lease", what)
            : Finding.Warning("lease", $"{what}; {Words.Number(pending)} messages wait", "Nobody sends them.", "Start a publisher with this id that is not AcceptOnly; when one runs, its log says why it does not take the lease.");
    }

    private static Finding Oldest(LedgerStatistics counts, long pending, DateTimeOffset now)
    {
        if (pending == 0) return Finding.Ok("oldest-pending", "nothing is pending");
        if (counts.OldestAcceptedAt is not { } oldest) return Finding.Ok("oldest-pending", "not known");
        var what = $"accepted {Words.Ago(oldest, now)}";
        return now - oldest <= OldestLimit
            ? Finding.Ok("oldest-pending", what)
            : Finding.Warning("oldest-pending", what, "Messages do not get through: the broker cannot be reached, or is slow, or one that is refused holds up the others (Ordering.Strict).", "See what is first: reliable-mqtt pending; and the findings of the broker.");
    }
}
