namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>What a test wants to be different about its broker.</summary>
public sealed record MosquittoSettings
{
    /// <summary>How many QoS 1 and 2 handshakes it allows in each direction: the Receive Maximum of its CONNACK. Its own default is 20.</summary>
    public int MaxInflightMessages { get; init; } = 20;

    /// <summary>Save after each change, so that <see cref="MosquittoBroker.KillAsync"/> loses nothing. Slow; without it a kill loses all since the last start or stop.</summary>
    public bool SaveEachChange { get; init; }

    /// <summary>Further lines of its configuration.</summary>
    public IReadOnlyList<string> ExtraLines { get; init; } = [];
}
