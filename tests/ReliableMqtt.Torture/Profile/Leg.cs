using System.Diagnostics;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Processes;
using ReliableMqtt.Torture.Verbs;

namespace ReliableMqtt.Torture.Profile;

/// <summary>A part of a profile: publishers publish, everything planned is done to them and to their servers, they are left alone until nothing is left, and it is checked.</summary>
internal sealed class Leg(Run run, LegPlan plan)
{
    private static readonly TimeSpan FeedInterval = TimeSpan.FromMilliseconds(10), ArrivalLimit = TimeSpan.FromSeconds(15), FlawedLimit = TimeSpan.FromSeconds(2);

    private volatile bool _quiet;

    /// <summary>Runs it.</summary>
    public async Task<LegResult> ExecuteAsync()
    {
        var started = Stopwatch.GetTimestamp();
        await using var stage = await Stage.StartAsync(run, plan);
        foreach (var seat in stage.Seats) seat.Launch();
        foreach (var seat in stage.Seats) await seat.StartedAsync(run.Stop);
        using var feeding = CancellationTokenSource.CreateLinkedTokenSource(run.Stop);
        var feeders = stage.Seats.Select(seat => FeedAsync(seat, feeding.Token)).ToList();
        try
        {
            await TroubleAsync(stage);
            _quiet = true;
            await Patience.EndsAsync(Task.WhenAll(feeders), plan.FeedLimit, run.Stop);
        }
        finally
        {
            await feeding.CancelAsync();
            await Task.WhenAny(Task.WhenAll(feeders));
        }

        var result = new LegResult(plan);
        var left = await DrainAsync(stage, result);
        await ArriveAsync(stage);
        result.Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        foreach (var seat in stage.Seats) await seat.KillAsync();
        // What a flaw has left behind may be anything.
        if (!plan.IsFlawed)
            foreach (var seat in stage.Seats) FunnelCheck.Judge(seat, await Funnel.ExportAsync(seat.Name, seat.Ledger.Open(), run.Stop), result);
        LegVerdict.Judge(stage, result, left);
        return result;
    }

    private async Task TroubleAsync(Stage stage)
    {
        var random = run.NewRandom($"{plan.Name} {plan.Seed} servers");
        var servers = new ServerTrouble(stage, random, run.Stop);
        List<Task> troubles = [servers.RunAsync(Shuffle(plan.Servers, random, stage, null))];
        foreach (var seat in stage.Seats)
        {
            var own = run.NewRandom($"{plan.Name} {plan.Seed} {seat.Name}");
            troubles.Add(new PublisherTrouble(stage, seat, plan, own, run.Stop).RunAsync(Shuffle(plan.Publishers, own, stage, seat)));
        }

        await Task.WhenAll(troubles);
    }

    // The publishers share what is planned for them; an odd one is the first one's.
    private static string[] Shuffle(IReadOnlyList<Planned> planned, Random random, Stage stage, Seat? seat)
    {
        var (place, seats) = (seat is null ? 0 : stage.Seats.IndexOf(seat), seat is null ? 1 : stage.Seats.Count);
        string[] kinds = [.. planned.SelectMany(fault => Enumerable.Repeat(fault.Kind, (fault.Times + seats - 1 - place) / seats))];
        random.Shuffle(kinds);
        return kinds;
    }

    private async Task FeedAsync(Seat seat, CancellationToken stop)
    {
        var (budget, last) = (0d, Stopwatch.GetTimestamp());
        while (!_quiet || Missing(seat) > 0)
        {
            budget = Math.Min(budget + (Stopwatch.GetElapsedTime(last).TotalSeconds * plan.Rate), 200);
            last = Stopwatch.GetTimestamp();
            // Once nothing bad is to come, what is missing goes out as fast as it can.
            var most = _quiet ? Missing(seat) : (int)budget;
            budget -= seat.Feed(most);
            await Task.Delay(FeedInterval, stop);
        }
    }

    private int Missing(Seat seat) => plan.Messages - seat.Given + (plan.AcceptsAll ? seat.Forsaken : 0);

    // The ledgers, once all faults are over and all numbers are given; null where they could not be read.
    private async Task<List<(Seat Seat, long Left)>> DrainAsync(Stage stage, LegResult result)
    {
        var started = Stopwatch.GetTimestamp();
        List<(Seat Seat, long Left)> left = [];
        await Patience.UntilAsync(async () =>
        {
            left.Clear();
            foreach (var seat in stage.Seats)
            {
                var statistics = await seat.LedgerAsync(run.Stop);
                left.Add((seat, statistics is null ? -1 : statistics.Backlog + statistics.InFlight));
                result.DeadLetters = Math.Max(result.DeadLetters, (int)(statistics?.DeadLetters ?? 0));
            }

            return left.TrueForAll(ledger => ledger.Left == 0);
        }, plan.DrainLimit, run.Stop);
        result.DrainSeconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return left;
    }

    private async Task ArriveAsync(Stage stage)
    {
        await Patience.UntilAsync(async () =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), run.Stop);
            var arrived = stage.Arrivals().Select(arrival => arrival.Number).ToHashSet();
            return stage.Seats.TrueForAll(seat => seat.History.Snapshot().All(entry => !entry.Value.HasFlag(Event.Accepted) || entry.Value.HasFlag(Event.Failed) || arrived.Contains(entry.Key)));
        }, !plan.IsFlawed ? ArrivalLimit : FlawedLimit, run.Stop);
    }
}
