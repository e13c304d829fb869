namespace ReliableMqtt.Tool.Doctor;

/// <summary>How grave a finding is.</summary>
internal enum Level
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>It works, and something of what is promised does not hold, or could not be told.</summary>
    Warning,

    /// <summary>Messages are lost, refused or not sent, now or at the next fault.</summary>
    Problem,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Check">Its name, which stays the same over versions: scripts go by it.</param>
/// <param name="Level">How grave it is.</param>
/// <param name="What">What is so.</param>
/// <param name="Why">Why it matters; null when all is well.</param>
/// <param name="Change">What to do about it; null when all is well.</param>
internal sealed record Finding(string Check, Level Level, string What, string? Why = null, string? Change = null)
{
    public static Finding Ok(string check, string what) => new(check, Level.Ok, what);

    public static Finding Warning(string check, string what, string why, string change) => new(check, Level.Warning, what, why, change);

    public static Finding Problem(string check, string what, string why, string change) => new(check, Level.Problem, what, why, change);
}
