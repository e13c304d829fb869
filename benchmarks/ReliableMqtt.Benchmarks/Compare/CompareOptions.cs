namespace ReliableMqtt.Benchmarks.Compare;

/// <summary>What is compared, and how long.</summary>
internal sealed record CompareOptions
{
    public required IReadOnlyList<int> Qos { get; init; }

    public required IReadOnlyList<int> Windows { get; init; }

    public required IReadOnlyList<int> Sizes { get; init; }

    /// <summary>mosquitto, null.</summary>
    public required IReadOnlyList<string> Brokers { get; init; }

    /// <summary>Parts of the names of contenders; empty for all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    public required int Rounds { get; init; }

    /// <summary>Messages of a run at most.</summary>
    public required int Messages { get; init; }

    /// <summary>How long a run should take: what the warm-up round tells is how many messages that are.</summary>
    public required double Seconds { get; init; }

    public string? Json { get; init; }
}
