using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.PowerLoss;

namespace ReliableMqtt.Torture.Profile;

/// <summary>What a leg has found.</summary>
internal sealed class LegResult(LegPlan plan)
{
    private readonly Dictionary<Violation, List<string>> _violations = [];
    private readonly List<(string Kind, int Unconfirmed)> _unconfirmed = [];

    public LegPlan Plan => plan;

    /// <summary>How many messages were given to publishers, by QoS.</summary>
    public Dictionary<int, int> Messages { get; } = [];

    /// <summary>How many of them were accepted.</summary>
    public int Accepted { get; set; }

    /// <summary>Messages that a kill met before anybody was told that they were accepted.</summary>
    public int NeverAccepted { get; set; }

    /// <summary>Those of <see cref="NeverAccepted"/> that arrived: they were stored all the same.</summary>
    public int Recovered { get; set; }

    /// <summary>Extra arrivals at QoS 1 that faults explain.</summary>
    public int ExplainedAtQoS1 { get; set; }

    /// <summary>Duplicates that the loss of a session by the broker allows.</summary>
    public int AmbiguousDuplicates { get; set; }

    public int DeadLetters { get; set; }

    public IReadOnlyList<Fault> Faults { get; set; } = [];

    /// <summary>What the broker was made to answer: name to how often.</summary>
    public IReadOnlyDictionary<string, int> Answers { get; set; } = new Dictionary<string, int>();

    public List<double> Recoveries { get; } = [];

    /// <summary>What the metrics of each publisher say at the end.</summary>
    public List<Funnel> Funnels { get; } = [];

    /// <summary>What each loss of power has taken.</summary>
    public List<PowerCutResult> PowerCuts { get; } = [];

    /// <summary>How often a ledger has refused to begin because what was answered is missing.</summary>
    public int Refusals { get; set; }

    /// <summary>How long the ledger needed to become empty after the last fault and message.</summary>
    public double DrainSeconds { get; set; }

    public double Seconds { get; set; }

    public bool Holds => _violations.Count == 0;

    public IEnumerable<Violation> Kinds => _violations.Keys.Order();

    public IReadOnlyList<string> this[Violation kind] => _violations.TryGetValue(kind, out var found) ? found : [];

    /// <summary>For each fault of a kind how many messages were accepted by then, of which the broker had not confirmed.</summary>
    public IReadOnlyList<int> UnconfirmedAt(string kind) => [.. _unconfirmed.Where(fault => fault.Kind == kind).Select(fault => fault.Unconfirmed)];

    /// <summary>Notes how many there were at a fault.</summary>
    public void AddUnconfirmed(string kind, int count) => _unconfirmed.Add((kind, count));

    public void Add(Violation kind, string detail)
    {
        if (!_violations.TryGetValue(kind, out var found)) _violations[kind] = found = [];
        found.Add(detail);
    }

    public void Add(Violation kind, string publisher, IEnumerable<long> numbers)
    {
        foreach (var number in numbers) Add(kind, FormattableString.Invariant($"{publisher} {number}"));
    }
}
