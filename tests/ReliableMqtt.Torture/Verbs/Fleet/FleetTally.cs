namespace ReliableMqtt.Torture.Verbs.Fleet;

/// <summary>What the faults of a fleet run have shown.</summary>
internal sealed class FleetTally
{
    private readonly Dictionary<string, List<double>> _takeovers = [];

    /// <summary>How many messages were on their way at each fault.</summary>
    public List<int> Unanswered { get; } = [];

    /// <summary>How many paused owners said that they were fenced.</summary>
    public int Fenced { get; set; }

    /// <summary>How many paused owners accepted messages after that.</summary>
    public int AcceptedAfterPause { get; set; }

    public void Add(string kind, double seconds)
    {
        if (!_takeovers.TryGetValue(kind, out var list)) _takeovers[kind] = list = [];
        list.Add(seconds);
    }

    /// <summary>The times of a kind, the shortest first.</summary>
    public IReadOnlyList<double> Takeovers(string kind) => _takeovers.TryGetValue(kind, out var list) ? [.. list.Order()] : [];
}
