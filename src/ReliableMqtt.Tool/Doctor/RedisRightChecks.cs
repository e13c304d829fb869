using ReliableMqtt.Redis;

namespace ReliableMqtt.Tool.Doctor;

/// <summary>Does the access list of Redis let the user do what the ledger needs?</summary>
internal static class RedisRightChecks
{
    private const string Check = "redis-rights";

    // Each brings a script to the server; one of both will do.
    private static readonly string[] Loaders = ["eval", "script|load"];

    public static Finding Judge(RedisLook look)
    {
        if (look.MissingRights is not { } refused)
        {
            return Finding.Warning(
                Check, "not known: ACL DRYRUN is refused, or older than Redis 7.0", "A right that is missing shows only when it is needed: calls fail then, and nothing is accepted.",
                "Compare the user with the line in docs/redis.md; or, on Redis 7.0 and later, ACL SETUSER NAME +acl|dryrun, and run the doctor again.");
        }

        var missing = refused.Where(right => look.UsesSelect || right.Right.Name != "select").ToList();
        if (missing.Count == 0) return Finding.Ok(Check, $"the user '{look.User}' may do all that the ledger needs");
        var rules = Rules(missing);
        var what = $"the user '{look.User}' lacks {string.Join(' ', rules)}";
        var change = $"ACL SETUSER {look.User} {string.Join(' ', rules)}, then ACL SAVE or CONFIG REWRITE. The whole line is in docs/redis.md.";
        if (missing.Where(right => IsNeeded(right, missing, look)).Select(right => right.Right.Name).ToList() is { Count: > 0 } needed)
            return Finding.Problem(Check, what, $"Calls of the ledger fail: nothing is accepted, or nothing is sent, for want of {string.Join(", ", needed.Take(5))}{(needed.Count > 5 ? " and others" : "")}.", change);
        return Finding.Warning(Check, what, $"It goes on without: {string.Join("; ", missing.Select(right => right.Right.Without).Distinct())}.", change);
    }

    private static bool IsNeeded(MissingRight missing, List<MissingRight> all, RedisLook look) =>
        missing.Right.Without is null
        || (missing.Right.Name == "select" && look.UsesSelect)
        || (Loaders.Contains(missing.Right.Name) && Loaders.All(loader => all.Any(other => other.Right.Name == loader)));

    // As ACL SETUSER takes them.
    private static List<string> Rules(List<MissingRight> missing) =>
    [
        .. missing.Where(right => right.Kind == MissingKind.Command).Select(right => "+" + right.Right.Name),
        .. missing.Any(right => right.Kind == MissingKind.Key) ? ["~reliable-mqtt:*"] : Array.Empty<string>(),
        .. missing.Any(right => right.Kind == MissingKind.Channel) ? ["&reliable-mqtt:*"] : Array.Empty<string>(),
    ];
}
