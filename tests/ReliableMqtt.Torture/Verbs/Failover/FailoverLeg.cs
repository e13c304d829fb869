using System.Diagnostics;
using ReliableMqtt.IntegrationTests.Oracle;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Processes;
using ReliableMqtt.Torture.Verbs.Fleet;
using ReliableMqtt.Torture.Wire;

namespace ReliableMqtt.Torture.Verbs.Failover;

/// <summary>
/// An owner, a standby and a process that only accepts publish on a Redis to which something happens again and again. All of them live on, so what they have in memory can be
/// written again.
/// </summary>
internal sealed class FailoverLeg(Run run, string name, string redis, int messages)
{
    public const string PublisherId = "failover";
    private const int Window = 600, Rate = 1_500;
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(10), Idle = TimeSpan.FromSeconds(60);

    private readonly History _history = new();
    private readonly List<Replica> _replicas = [];

    /// <summary>Redis loses writes that it has acknowledged.</summary>
    public bool LosesWrites { get; init; }

    /// <summary>The owner is stopped meanwhile (SIGSTOP), so that it has not read what the others had accepted then.</summary>
    public bool OwnerRests { get; init; }

    /// <summary>How many sequences Redis has given out and forgotten.</summary>
    public long RolledBack { get; set; }

    /// <summary>Runs it.</summary>
    /// <param name="faults">How often.</param>
    /// <param name="strikeAsync">What happens, while messages flow.</param>
    /// <param name="mendAsync">What has to be there before it can happen again.</param>
    public async Task ExecuteAsync(int faults, Func<FailoverLeg, Random, Task> strikeAsync, Func<Task> mendAsync)
    {
        await using var site = await Site.StartAsync(run, keepsWire: false, withRedis: false);
        var log = new WireLog(site.Tap);
        var settings = new ReplicaSettings(PublisherId, Lease, run.Logging is not null);
        foreach (var replica in new[] { "owner", "standby", "acceptor" })
            _replicas.Add(Replica.Create(replica, site.AddProxy(replica), redis, _history, settings with { AcceptOnly = replica == "acceptor" }));
        var outages = new List<double>();
        try
        {
            foreach (var replica in _replicas) await replica.StartAsync(inNamespace: false, run.Stop);
            var random = run.NewRandom(name);
            await new Pacing(run, new Feeder(_replicas, messages, Window, Rate), _history, messages, random).RunAsync(
                faults, i => i == 0 ? Task.CompletedTask : mendAsync(), async _ =>
                {
                    var (answered, began) = (_history.Answered, Stopwatch.GetTimestamp());
                    if (OwnerRests) _replicas[0].Pause();
                    try
                    {
                        await strikeAsync(this, random);
                    }
                    finally
                    {
                        if (OwnerRests) _replicas[0].Resume();
                    }

                    answered = Math.Max(answered, _history.Answered);
                    if (!await Patience.ReachesAsync(() => _history.Answered, answered + 1, Idle, run.Stop)) throw new TimeoutException($"Nothing is confirmed any more, after {_history.Answered} of {messages}.");
                    outages.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
                    run.Report.Say($"{name}: goes on after {outages[^1]:0.00} s, {_history.Answered:N0} answered");
                });
            await Patience.ReachesAsync(() => _history.Answered, messages, Idle, run.Stop);
            await Patience.ReachesAsync(() => site.Counter!.Count, messages, TimeSpan.FromSeconds(10), run.Stop);
            foreach (var replica in _replicas) await replica.EndAsync();
        }
        finally
        {
            foreach (var replica in _replicas)
            {
                if (replica.Complaints.Length > 0) run.Report.Detail($"{name}, {replica.Name}: {replica.Complaints}");
                await replica.DisposeAsync();
            }
        }

        Report(site, log, outages);
    }

    private void Report(Site site, WireLog log, List<double> outages)
    {
        var check = DeliveryCheck.Of(_history.Snapshot(), DeliveryReport.Counts(site.Counter!.Deliveries));
        run.Report.RequireEqual($"{name}: answered", _history.Answered, messages);
        DeliveryReport.Require(run.Report, name, check);
        if (LosesWrites) run.Report.Require($"{name}: sequences that Redis has forgotten", RolledBack > 0, $"{RolledBack}", $"more than 0");
        run.Report.RequireEqual($"{name}: delivered", check.Delivered, messages);
        foreach (var replica in _replicas) run.Report.Require($"{name}: accepted by the {replica.Name}", replica.Accepted > 0, $"{replica.Accepted}", $"more than 0");
        var problems = WireAudit.Find(log.From().Select(entry => entry.Packet));
        run.Report.RequireEqual($"{name}: rules of the wire broken", problems.Count, 0);
        foreach (var problem in problems.Take(10)) run.Report.Detail($"{name}: {problem}");
        var figure = name.Replace(",", "").Replace(" ", "_");
        run.Report.Figure($"{figure}_messages", messages);
        run.Report.Figure($"{figure}_times", outages.Count);
        run.Report.Figure($"{figure}_outage_median_s", outages.Order().ElementAt(outages.Count / 2));
        run.Report.Figure($"{figure}_outage_max_s", outages.Max());
        if (LosesWrites) run.Report.Figure($"{figure}_rolled_back", RolledBack);
    }
}
