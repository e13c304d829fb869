namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>Any of the oldest events of each lane may be next; time passes only when nothing else can happen.</summary>
internal sealed class ChosenSchedule(Choices choices) : SimSchedule
{
    private readonly List<SimEvent> _pending = [];

    /// <summary>False: the oldest comes next.</summary>
    public bool IsFree { get; set; }

    public override void Add(SimEvent item) => _pending.Add(item);

    public override SimEvent? Next()
    {
        _pending.RemoveAll(item => item.IsCancelled || item.Of is { IsDead: true });
        List<SimEvent> ready = [];
        foreach (var item in _pending)
            if (!item.IsTimer && !ready.Exists(other => other.Lane == item.Lane)) ready.Add(item);
        var next = ready.Count > 0 ? ready[IsFree ? choices.Choose(ready.Count) : 0] : _pending.Where(item => item.IsTimer).MinBy(item => (item.At, item.Number));
        if (next is not null) _pending.Remove(next);
        return next;
    }
}
