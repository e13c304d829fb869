using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Torture.Children;
using ReliableMqtt.Torture.PowerLoss;
using ReliableMqtt.Torture.Processes;

namespace ReliableMqtt.Torture.Profile;

/// <summary>
/// Kills a publisher whose ledger is a file, and cuts its power. Before that the broker is out of reach for a moment, in one direction, so that there are messages of which it has not confirmed,
/// and those that it has not even got.
/// </summary>
internal sealed class CrashTrouble(Stage stage, Seat seat, bool isSafe, Random random, CancellationToken stop)
{
    private static readonly TimeSpan CutLimit = TimeSpan.FromSeconds(5), AcceptLimit = TimeSpan.FromSeconds(10), DoomLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Slowness = TimeSpan.FromMilliseconds(1);
    private static readonly Direction[] Both = [Direction.ToBroker, Direction.ToClient];

    private Direction? _held;

    public async Task RunAsync(string kind)
    {
        // It is out of reach since before the start, and the process is met in that, with what the life before has left; or it is so only when there is something new.
        if (_held is not null) await RestAsync(0, 500);
        else
        {
            await seat.StartedAsync(stop);
            await RestAsync(50, 600);
            seat.Proxy.Set((Direction)random.Next(2), Flow.Hold);
            if (!await Patience.UntilAsync(() => seat.Unconfirmed > 0, AcceptLimit, stop)) throw new TimeoutException($"{seat.Name} accepts nothing any more.");
            await RestAsync(20, 150);
        }

        var fault = stage.Faults.Begin(kind, seat.Name);
        if (kind == Kinds.PowerCut && seat.IsReady) await DoomAsync();
        await seat.KillAsync();
        fault.Killed();
        if (kind == Kinds.PowerCut) ((SqliteSeatLedger)seat.Ledger).CutPower(random);
        seat.Proxy.Cut();
        if (!await Patience.UntilAsync(() => seat.Proxy.OpenCount == 0, CutLimit, stop)) throw new TimeoutException("A connection outlives its cut.");
        seat.Proxy.Latency = TimeSpan.Zero;
        Open();
        _held = random.Next(4) == 0 ? (Direction)random.Next(2) : null;
        if (_held is { } next) seat.Proxy.Set(next, Flow.Hold);
        seat.Launch();
        fault.Over();
        if (kind == Kinds.PowerCut && !isSafe) await AcceptLossAsync();
    }

    /// <summary>From now on the broker can be reached.</summary>
    public void Open()
    {
        foreach (var each in Both) seat.Proxy.Set(each, Flow.Forward);
    }

    private Task RestAsync(int least, int most) => Task.Delay(random.Next(least, most), stop);

    // In the middle of what the disk does.
    private async Task DoomAsync()
    {
        var step = (DoomedAt)random.Next(3);
        var number = step switch
        {
            DoomedAt.Sync => random.Next(1, 4),
            DoomedAt.Write => random.Next(1, 60),
            _ => random.Next(1, 40),
        };
        if (step == DoomedAt.Checkpoint)
        {
            // It takes a while until there is one, and with the broker out of reach there would soon be nothing left to be stored: it answers, but slowly.
            seat.Proxy.Latency = Slowness;
            Open();
        }

        seat.Send(SqliteOptions.Doomed(step, number));
        await seat.EndsAsync(DoomLimit, stop);
    }

    // Only what cannot hold its promise comes to this; the report has to tell of it.
    private async Task AcceptLossAsync()
    {
        if (await seat.StartsAsync(stop)) return;
        await seat.KillAsync();
        if (!seat.Complaints.Contains(nameof(LedgerDamagedException), StringComparison.Ordinal)) throw new InvalidOperationException($"{seat.Name} did not start after a power cut.\n{seat.Complaints}");
        ((SqliteSeatLedger)seat.Ledger).AcceptLoss();
        seat.Launch();
    }
}
