using System.Diagnostics;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Processes;
using ReliableMqtt.Torture.Wire;

namespace ReliableMqtt.Torture.Verbs.Fleet;

/// <summary>The whole of a fleet run: start three replicas, let messages flow, do something to the owner again and again, wait, and check.</summary>
internal sealed class FleetRun(Run run, FleetPlan plan)
{
    private const string PublisherId = "fleet";
    private const int Window = 200;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(30), StartLimit = TimeSpan.FromSeconds(60);

    private readonly History _history = new();
    private readonly Random _random = run.NewRandom("fleet");
    private readonly List<Replica> _replicas = [];
    private readonly FleetTally _tally = new();
    private WireLog _log = null!;
    private Takeover _takeover = null!;
    private Feeder _feeder = null!;

    public async Task ExecuteAsync()
    {
        if (!plan.OneNamespace) Namespaces.Require();
        await using var site = await Site.StartAsync(run, keepsWire: false);
        _log = new WireLog(site.Tap);
        _takeover = new Takeover(_log);
        var settings = new ReplicaSettings(PublisherId, plan.Lease, run.Logging is not null);
        for (var i = 1; i <= FleetPlan.Replicas; i++) _replicas.Add(Replica.Create($"r{i}", site.AddProxy($"r{i}"), site.Redis.Address, _history, settings));
        try
        {
            foreach (var replica in _replicas) await replica.StartAsync(inNamespace: false, run.Stop);
            if (!await Patience.UntilAsync(() => _takeover.Owner() is not null, StartLimit, run.Stop)) throw new TimeoutException($"No replica connects.\n{_replicas[0].Complaints}");
            await TroubleAsync();
            await Patience.ReachesAsync(() => _history.Answered, plan.Messages, Idle, run.Stop);
            await Patience.ReachesAsync(() => site.Counter!.Count, plan.Messages, TimeSpan.FromSeconds(10), run.Stop);
            foreach (var replica in _replicas) await replica.EndAsync();
        }
        finally
        {
            foreach (var replica in _replicas) await replica.DisposeAsync();
        }

        FleetVerdict.Report(run, plan, _tally, _history, _replicas, DeliveryReport.Counts(site.Counter!.Deliveries), _log);
    }

    private async Task TroubleAsync()
    {
        var faults = plan.Faults(_random);
        _feeder = new Feeder(_replicas, plan.Messages, Window);
        await new Pacing(run, _feeder, _history, plan.Messages, _random).RunAsync(
            faults.Count, i => PrepareAsync(faults[i]), i => faults[i] == Fault.Pause ? PauseAsync() : KillAsync(faults[i]));
    }

    private Replica Owner => _replicas.First(replica => replica.Name == _takeover.Owner());

    /// <summary>Puts the replicas where the fault needs them, by ending and starting them in an orderly way, as an update of a service does.</summary>
    private async Task PrepareAsync(Fault fault)
    {
        if (fault == Fault.NearKill)
        {
            if (!Standbys().Any(standby => !standby.InNamespace)) await AgainAsync(Standbys().First(), inNamespace: false);
            if (Owner.InNamespace) await HandOverAsync();
            if (!Standbys().Any(standby => !standby.InNamespace)) await AgainAsync(Standbys().First(), inNamespace: false);
        }
        else if (fault == Fault.FarKill)
        {
            foreach (var standby in Standbys().Where(standby => !standby.InNamespace && !Owner.InNamespace).ToList()) await AgainAsync(standby, inNamespace: true);
        }
    }

    private IEnumerable<Replica> Standbys() => _replicas.Where(replica => replica != Owner);

    private async Task AgainAsync(Replica replica, bool inNamespace)
    {
        await replica.EndAsync();
        await replica.StartAsync(inNamespace, run.Stop);
    }

    // The only standbys that may win are those outside of a namespace, so that the owner is there afterwards.
    private async Task HandOverAsync()
    {
        foreach (var standby in Standbys().Where(standby => standby.InNamespace).ToList()) await AgainAsync(standby, inNamespace: false);
        var (owner, place) = (Owner, _log.Count);
        await owner.EndAsync();
        var left = _log.From(place).LastOrDefault(entry => entry.Packet is { Type: MqttControlPacketType.Disconnect, Direction: Direction.ToBroker } && entry.Packet.Via == owner.Name).At;
        var takeover = await _takeover.OfAnotherAsync(left, place, owner.Name, Limit, run.Stop) ?? throw new TimeoutException("Nobody has taken over from an owner that gave its lease back.");
        if (left != 0) _tally.Add("graceful", takeover.Seconds);
        await owner.StartAsync(inNamespace: false, run.Stop);
    }

    private TimeSpan Limit => plan.Lease + FleetPlan.Promised + FleetPlan.Scheduling + TimeSpan.FromSeconds(10);

    private async Task KillAsync(Fault fault)
    {
        await OnTheirWayAsync();
        var (owner, place, at) = (Owner, _log.Count, Stopwatch.GetTimestamp());
        await owner.KillAsync();
        await TakeOverAsync(fault == Fault.FarKill ? "far" : "near", owner, place, at);
        await owner.StartAsync(inNamespace: !plan.OneNamespace && _random.Next(2) == 0, run.Stop);
    }

    private async Task PauseAsync()
    {
        await OnTheirWayAsync();
        var (owner, place, at) = (Owner, _log.Count, Stopwatch.GetTimestamp());
        _feeder.Resting = owner;
        owner.Pause();
        try
        {
            await TakeOverAsync("pause", owner, place, at);
            await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(500)), run.Stop);
        }
        finally
        {
            owner.Resume();
            _feeder.Resting = null;
        }

        // It says that it was fenced, and accepts on as a standby.
        var accepted = owner.Accepted;
        await owner.SaysAsync("fenced", Idle, run.Stop);
        _tally.Fenced++;
        _feeder.Allowed += FleetPlan.Replicas * 10;
        if (await Patience.ReachesAsync(() => owner.Accepted, accepted + 1, Idle, run.Stop)) _tally.AcceptedAfterPause++;
    }

    // A fault with nothing on its way shows nothing.
    private async Task OnTheirWayAsync()
    {
        await Patience.UntilAsync(() => _replicas.Sum(replica => replica.Unanswered) > 0, TimeSpan.FromSeconds(5), run.Stop);
        _tally.Unanswered.Add(_replicas.Sum(replica => replica.Unanswered));
    }

    private async Task TakeOverAsync(string kind, Replica owner, int place, long at)
    {
        var takeover = await _takeover.OfAnotherAsync(at, place, owner.Name, Limit, run.Stop)
            ?? throw new TimeoutException($"Nobody has taken over from {owner.Name} ({kind}) within {Limit.TotalSeconds} s.\n{string.Join('\n', _replicas.Select(replica => $"{replica.Name}: {replica.Complaints}"))}");
        run.Report.Say($"{kind}: {owner.Name}{(owner.InNamespace ? " in a namespace" : "")} is gone, {takeover.Winner} has taken over after {takeover.Seconds:0.00} s, {_history.Answered:N0} answered");
        _tally.Add(kind, takeover.Seconds);
    }
}
