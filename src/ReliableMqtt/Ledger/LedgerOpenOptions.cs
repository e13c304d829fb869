using Microsoft.Extensions.Logging;

namespace ReliableMqtt.Ledger;

/// <summary>What a ledger needs to know about the publisher that opens it.</summary>
public sealed record LedgerOpenOptions
{
    /// <summary>The publisher id: the name of the ledger, and the MQTT client id.</summary>
    public required string PublisherId { get; init; }

    /// <summary>
    /// Whether a publisher id that has no ledger yet gets one. Default true. False is for looking: nothing is created, and
    /// <see cref="AckLedger.OpenAsync"/> throws <see cref="LedgerNotFoundException"/> when there is none.
    /// </summary>
    public bool CreateIfMissing { get; init; } = true;

    /// <summary>How long a lease lasts without renewal. Default 10 s.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the outcome of a finished application-given message id is kept at least. Default 1 h.</summary>
    public TimeSpan DeduplicationWindow { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How many messages may be pending. Default 1,000,000.</summary>
    public long MaxPending { get; init; } = 1_000_000;

    /// <summary>How many bytes of messages may be pending. Default 512 MiB.</summary>
    public long MaxPendingBytes { get; init; } = 512L << 20;

    /// <summary>How many dead letters are kept; the oldest leave first. Default 10,000.</summary>
    public int MaxDeadLetters { get; init; } = 10_000;

    /// <summary>How long dead letters are kept. Default 14 days.</summary>
    public TimeSpan DeadLetterRetention { get; init; } = TimeSpan.FromDays(14);

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where the ledger reports what a person should know, such as records that it cannot read. Default: nowhere.</summary>
    public ILogger? Logger { get; init; }
}
