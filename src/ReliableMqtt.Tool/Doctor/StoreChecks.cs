using ReliableMqtt.Tool.Settings;

namespace ReliableMqtt.Tool.Doctor;

/// <summary>Looks at the store itself, whatever its kind.</summary>
internal static class StoreChecks
{
    public static async Task<IReadOnlyList<Finding>> RunAsync(LedgerAddress address, string publisherId, ToolHost host, CancellationToken stop)
    {
        if (address.Redis is { } redis)
        {
            var look = await redis.LookAsync(publisherId, host.Time, stop);
            return [.. RedisChecks.Judge(address.ToString(), look with { Problem = look.Problem is { } problem ? host.Hide(problem) : null })];
        }

        if (address.File is { } file) return [.. SqliteChecks.Judge(await Task.Run(() => file.Look(publisherId, stop), stop))];
        return [];
    }

    /// <summary>Whether the ledger can be opened at all, and without changing anything in a file that is not as its publisher leaves it.</summary>
    public static bool MayOpen(IReadOnlyList<Finding> findings) => !findings.Any(finding => finding is
    { Level: Level.Problem, Check: "redis" or "redis-credentials" or "sqlite-file" or "sqlite-check" } or { Level: Level.Warning, Check: "sqlite-journal" });
}
