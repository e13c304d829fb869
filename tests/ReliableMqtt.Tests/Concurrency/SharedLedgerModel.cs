using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Concurrency;

/// <summary>What <see cref="SharedLedger"/> should hold: two lists and a status for each name.</summary>
internal sealed class SharedLedgerModel
{
    private const int MaxPending = 6;
    private readonly string[] _ids = ["a", "b", "c", "d"];
    private readonly List<int> _backlog = [], _dead = [];
    private readonly LedgerStatus[] _status = new LedgerStatus[SharedLedger.Names];

    public void Accept(int name)
    {
        if (_status[name] != LedgerStatus.Unknown || _backlog.Count == MaxPending) return;
        Append(name);
    }

    public void Finish(bool confirmed)
    {
        if (_backlog.Count == 0) return;
        var name = _backlog[0];
        _backlog.RemoveAt(0);
        _status[name] = confirmed ? LedgerStatus.Confirmed : LedgerStatus.DeadLettered;
        if (!confirmed) _dead.Add(name);
    }

    public void Replay(int name)
    {
        if (_backlog.Count == MaxPending || !_dead.Remove(name)) return;
        Append(name);
    }

    public void Purge(int name)
    {
        if (_dead.Remove(name)) _status[name] = LedgerStatus.Purged;
    }

    public override string ToString() =>
        $"{string.Concat(_backlog.Select(name => _ids[name] + " "))}|{string.Concat(_dead.Select(name => " " + _ids[name]))}|{string.Concat(_status.Select(status => " " + status))}";

    private void Append(int name)
    {
        _backlog.Add(name);
        _status[name] = LedgerStatus.Pending;
    }
}
