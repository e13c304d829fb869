namespace ReliableMqtt.Torture.Controls;

/// <summary>What can be wrong with a publisher, by name: each flaw is one that a careful reader could put into the library by mistake.</summary>
internal static class Flaws
{
    public const string SkipsRelease = "skips-release", CountsFromOne = "counts-from-one", ConfirmsAtPubRec = "confirms-at-pubrec", AcceptsEarly = "accepts-early";
    public const string IgnoresReceiveMaximum = "ignores-receive-maximum", ResendsByTimer = "resends-by-timer", IgnoresSessionPresent = "ignores-session-present";

    /// <summary>Options of a publisher that has it.</summary>
    public static ReliablePublisherOptions Apply(string? flaw, ReliablePublisherOptions options) => flaw switch
    {
        null => options,
        SkipsRelease => options with { Ledger = new UnreleasedLedger(options.Ledger) },
        CountsFromOne => options with { Ledger = new RenumberedLedger(options.Ledger) },
        AcceptsEarly => options with { Ledger = new EarlyLedger(options.Ledger) },
        ConfirmsAtPubRec => options with { WireFilter = new EarlyConfirm() },
        IgnoresReceiveMaximum => options with { WireFilter = new ConnectionFilter(info => info with { ReceiveMaximum = 65_535 }) },
        IgnoresSessionPresent => options with { WireFilter = new ConnectionFilter(info => info with { SessionPresent = true }) },
        ResendsByTimer => options with { WireFilter = new TimedResend() },
        _ => throw new ArgumentException($"There is no flaw '{flaw}'.", nameof(flaw)),
    };
}
