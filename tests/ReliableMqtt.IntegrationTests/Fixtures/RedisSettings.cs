namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>How a test's redis-server is set up: as durable as it can be, unless the test says otherwise.</summary>
internal sealed record RedisSettings
{
    public bool AppendOnly { get; init; } = true;

    public string AppendFsync { get; init; } = "always";

    /// <summary>For example <c>8mb</c>; 0 for no limit.</summary>
    public string MaxMemory { get; init; } = "0";

    public string MaxMemoryPolicy { get; init; } = "noeviction";

    /// <summary>With one, the server speaks TLS and nothing else.</summary>
    public TestCertificate? Certificate { get; init; }

    /// <summary>A node of a cluster, with a port of its own for the bus.</summary>
    public bool IsClusterNode { get; init; }

    /// <summary>A Sentinel, which holds no data and is told by <see cref="ExtraLines"/> what to watch.</summary>
    public bool IsSentinel { get; init; }

    /// <summary>What a test connects with, where the server has users.</summary>
    public string Login { get; init; } = "allowAdmin=true";

    /// <summary>Further lines of the configuration, such as users.</summary>
    public IReadOnlyList<string> ExtraLines { get; init; } = [];
}
