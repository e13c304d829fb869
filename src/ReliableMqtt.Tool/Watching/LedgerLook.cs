using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tool.Watching;

/// <summary>One look at the ledger of one publisher id.</summary>
internal sealed record LedgerLook
{
    public required string PublisherId { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>How durable the ledger said it was when the watch began.</summary>
    public required LedgerDurabilityLevel Durability { get; init; }

    /// <summary>Null when there was no answer.</summary>
    public LedgerStatistics? Counts { get; init; }

    public LedgerOverview? Overview { get; init; }

    /// <summary>Messages accepted in a second, and come to their end, since the look before; null when there is none to compare with.</summary>
    public (double Accepted, double Finished)? Rates { get; init; }

    /// <summary>Why there was no answer.</summary>
    public string? Error { get; init; }

    /// <summary>What the process returns when this was the last look.</summary>
    public int ExitCode { get; init; }

    public long Pending => Counts is { } counts ? counts.InFlight + counts.Backlog : 0;

    public TimeSpan? OldestAge => Counts?.OldestAcceptedAt is { } oldest ? At - oldest : null;
}
