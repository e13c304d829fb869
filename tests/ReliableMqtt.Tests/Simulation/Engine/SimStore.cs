using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>The server behind the ledgers of all processes: what it has, what it had noted, and whom it gave the lease.</summary>
/// <remarks>
/// What it may lose is what the library promises to make up for: what was written in the last seconds, as long as those live who know it. So a kill, and a change of the owner, end what
/// can be lost; and after a loss nobody dies, sleeps or takes over until it is put right.
/// </remarks>
internal sealed class SimStore(SimWorld world)
{
    /// <summary>Acceptors keep what they have had accepted for five seconds.</summary>
    private static readonly TimeSpan LosesAtMost = TimeSpan.FromSeconds(4);

    private readonly InMemoryLedgerStore _store = new();
    private InMemoryState? _saved;
    private DateTimeOffset _savedAt;

    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(10);

    public DurableHandshakes Durable { get; } = new();

    /// <summary>The ledger object that had the lease last.</summary>
    public SimLedger? Holder { get; set; }

    /// <summary>It has lost writes, and nobody has put that right yet.</summary>
    public bool IsSuspect { get; private set; }

    /// <summary>After a restart others wait one lease longer.</summary>
    public DateTimeOffset OthersWaitUntil { get; private set; }

    /// <summary>Counts losses: what was on its way to the server before is gone with it.</summary>
    public int Life { get; private set; }

    public InMemoryAckLedger Open(TimeProvider time)
    {
        var ledger = new InMemoryAckLedger(_store);
        var opened = ledger.OpenAsync(new LedgerOpenOptions
        {
            PublisherId = SimWorld.PublisherId,
            LeaseDuration = Lease,
            MaxPending = world.Plan.MaxPending,
            DeduplicationWindow = TimeSpan.FromDays(300),
            DeadLetterRetention = TimeSpan.FromDays(300),
            TimeProvider = time,
        }, default);
        if (!opened.IsCompletedSuccessfully) throw new ViolationException("the ledger in memory did not open at once");
        return ledger;
    }

    /// <summary>Nothing is accepted and not finished.</summary>
    public bool IsEmpty => _store.Of(SimWorld.PublisherId).Count(new LedgerOpenOptions { PublisherId = SimWorld.PublisherId, TimeProvider = world.Processes[0].Clock }) is { Backlog: 0, InFlight: 0 };

    /// <summary>Tells the second book what the messages of the first are called.</summary>
    public void NameAll()
    {
        foreach (var item in _store.Of(SimWorld.PublisherId).ListPending(0, 1_000).Items)
            if (item is { PacketId: not null, Record: { } record }) Durable.Name(record.Sequence, record.Topic);
    }

    /// <summary>Whoever ends in order gives the lease back.</summary>
    public void Release(LedgerEpoch epoch) => _store.Of(SimWorld.PublisherId).Release(epoch);

    public void Save()
    {
        if (!IsSuspect) (_saved, _savedAt) = (_store.Of(SimWorld.PublisherId).Save(), world.Now);
    }

    /// <summary>From here on nothing of what there is can be lost: somebody who knew it is gone.</summary>
    public void Harden() => _saved = null;

    public bool TryGoBack()
    {
        if (_saved is not { } saved || world.Now - _savedAt > LosesAtMost || IsSuspect || world.Processes.Any(process => process.IsAsleep)) return false;
        _store.Of(SimWorld.PublisherId).GoBack(saved);
        (_saved, IsSuspect, OthersWaitUntil) = (null, true, world.Now + Lease);
        Life++;
        return true;
    }

    /// <summary>The owner has looked, and what was lost is there again.</summary>
    public void OnVerified()
    {
        // The repetition of a commit that was not lost is answered without a look at what is.
        if (!IsSuspect || !_store.Of(SimWorld.PublisherId).IsVerified) return;
        IsSuspect = false;
        foreach (var process in world.Processes) process.Ledger?.AcceptAgain();
    }
}
