using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>One connection, seen from both ends. Packets keep their order in each direction; a cut loses those behind a random one.</summary>
internal sealed class SimConnection
{
    private readonly SimWorld _world;
    private readonly SimPipe _up;
    private readonly SimPipe _down;

    public SimConnection(SimWorld world, SimLink link, int number, int idInProcess)
    {
        (_world, Link, Number, IdInProcess) = (world, link, number, idInProcess);
        _up = new SimPipe(world, null, $"up {number}");
        _down = new SimPipe(world, link.Process, $"down {number}");
    }

    public SimLink Link { get; }

    public int Number { get; }

    /// <summary>What the pump calls it.</summary>
    public int IdInProcess { get; }

    public bool IsOpenAtClient { get; set; }

    public bool IsOpenAtBroker { get; set; }

    /// <summary>What the client sends from now on goes nowhere, nor does anything of the broker arrive.</summary>
    public bool IsDead { get; private set; }

    public bool IsRecycling { get; set; }

    /// <summary>Something was acknowledged on it: a broker that only accepts connections is not asked in a tight loop.</summary>
    public bool MadeProgress { get; set; }

    public int ReceiveMaximum { get; set; }

    public MQTTnet.Protocol.MqttQualityOfServiceLevel MaximumQoS { get; set; }

    /// <summary>What the broker grants on it: PUBLISHes that it has not answered in full.</summary>
    public int Quota { get; set; }

    public ConnectionChecks Checks { get; } = new();

    /// <summary>Resent on it: a second time would be too often.</summary>
    public HashSet<PacketId> Published { get; } = [];

    public void ToBroker(Action arrive)
    {
        if (!IsDead) _up.Send(arrive);
    }

    public void ToClient(Action arrive)
    {
        if (!IsDead && IsOpenAtBroker) _down.Send(arrive);
    }

    /// <summary>Nothing passes any more, but for what was on its way, up to a random packet.</summary>
    public void Break(bool keepsSome)
    {
        if (IsDead) return;
        IsDead = true;
        _up.Cut(keepsSome);
        _down.Cut(keepsSome);
    }

    /// <summary>After what still arrives, the client learns of the end.</summary>
    public void EndAtClient(ConnectionLoss loss, TimeSpan notSoonerThan = default) => _down.Last(() => Link.OnLost(this, loss), notSoonerThan);

    public void EndAtBroker() => _up.Last(() => IsOpenAtBroker = false, default);

    /// <summary>The client closes it in order: what has left still arrives.</summary>
    public void CloseByClient()
    {
        IsOpenAtClient = false;
        _down.Cut(keepsSome: false);
        _up.Send(() => IsOpenAtBroker = false);
        IsDead = true;
    }
}

/// <summary>One direction of a connection.</summary>
internal sealed class SimPipe(SimWorld world, SimProcess? receiver, string lane)
{
    private readonly Queue<SimEvent> _onTheWay = new();
    private DateTimeOffset _last;

    public void Send(Action arrive) => Add(arrive, world.Delay(SimStream.Network, world.Plan.DelayMilliseconds));

    public void Last(Action arrive, TimeSpan notSoonerThan) => Add(arrive, notSoonerThan);

    public void Cut(bool keepsSome)
    {
        // Those that have arrived are gone from the head; the rest is in order.
        while (_onTheWay.TryPeek(out var first) && first.At < world.Now) _onTheWay.Dequeue();
        var kept = keepsSome ? world.Draw(SimStream.Network, 0, _onTheWay.Count + 1) : 0;
        foreach (var item in _onTheWay.Skip(kept)) item.IsCancelled = true;
    }

    private void Add(Action arrive, TimeSpan delay)
    {
        while (_onTheWay.TryPeek(out var first) && first.At < world.Now) _onTheWay.Dequeue();
        var at = world.Now + delay;
        if (at < _last) at = _last;
        _last = at;
        _onTheWay.Enqueue(world.After(at - world.Now, receiver, lane, arrive));
    }
}
