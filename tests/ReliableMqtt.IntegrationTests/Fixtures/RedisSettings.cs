namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>How a test's redis-server is set up: as durable as it can be, unless the test says otherwise.</summary>
public sealed record RedisSettings
{
    public bool AppendOnly { get; init; } = true;

    public string AppendFsync { get; init; } = "always";

    /// <summary>For example <c>8mb</c>; 0 for no limit.</summary>
    public string MaxMemory { get; init; } = "0";

    public string MaxMemoryPolicy { get; init; } = "noeviction";

    /// <summary>Further lines of the configuration, such as users.</summary>
    public IReadOnlyList<string> ExtraLines { get; init; } = [];
}
