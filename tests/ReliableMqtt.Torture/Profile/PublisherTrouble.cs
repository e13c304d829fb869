using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Torture.Processes;

namespace ReliableMqtt.Torture.Profile;

/// <summary>Does bad things to one publisher, one after the other.</summary>
internal sealed class PublisherTrouble(Stage stage, Seat seat, LegPlan plan, Random random, CancellationToken stop)
{
    private const int MostBytes = 6_000;
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(3), CutLimit = TimeSpan.FromSeconds(1);

    public async Task RunAsync(IEnumerable<string> kinds)
    {
        var crashes = new CrashTrouble(stage, seat, plan.Sqlite is { IsSafe: true }, random, stop);
        foreach (var kind in kinds)
        {
            switch (kind)
            {
                case Kinds.Kill or Kinds.PowerCut when plan.Sqlite is not null:
                    await crashes.RunAsync(kind);
                    break;
                case Kinds.Kill:
                    await KillAsync();
                    break;
                case Kinds.Cut:
                    await CutAsync(kind, seat.Proxy);
                    break;
                case Kinds.RedisCut:
                    await CutAsync(kind, seat.Ledger.Proxy!);
                    break;
                case Kinds.Blackhole:
                    await VanishAsync();
                    break;
                case Kinds.Pause:
                    await PauseAsync();
                    break;
                case Kinds.SessionLoss:
                    await new SessionThief(stage, seat, plan.Held, random, stop).StealAsync();
                    break;
                case Kinds.Answers:
                    await new AnswerTrouble(stage, seat, stop).RunAsync();
                    break;
                default:
                    throw new InvalidOperationException($"'{kind}' is nothing that is done to a publisher.");
            }
        }

        if (plan.Sqlite is not null) crashes.Open();
        await seat.StartedAsync(stop);
    }

    private Task RestAsync(int least, int most) => Task.Delay(random.Next(least, most), stop);

    // Some live too long to be caught in their start, some do not.
    private async Task KillAsync()
    {
        await RestAsync(50, 1_500);
        TapRule? held = null;
        if (plan.Held is { } type) held = await HoldAsync(type);
        var fault = stage.Faults.Begin(Kinds.Kill, seat.Name);
        await seat.KillAsync();
        if (held is not null) await held.ReleaseAsync();
        seat.Launch();
        fault.Over();
    }

    // Handshakes stand in one step when the process dies, so that what it has not stored is missed.
    private async Task<TapRule> HoldAsync(MqttControlPacketType type)
    {
        await seat.StartedAsync(stop);
        var rule = seat.Tap.On(type, TapAction.Drop, 20);
        await Patience.UntilAsync(() => rule.Hits >= 5, ConnectLimit, stop);
        await RestAsync(100, 200);
        return rule;
    }

    private async Task CutAsync(string kind, CuttingProxy proxy)
    {
        await Patience.UntilAsync(() => proxy.OpenCount > 0, ConnectLimit, stop);
        await RestAsync(20, 200);
        var before = proxy.ConnectionCount;
        var fault = stage.Faults.Begin(kind, seat.Name);
        proxy.Resets = random.Next(2) == 0;
        if (random.Next(4) > 0)
        {
            var direction = (Direction)random.Next(2);
            proxy.CutAfter(direction, random.Next(MostBytes));
            await Patience.UntilAsync(() => proxy.OpenCount == 0 || proxy.ConnectionCount > before, CutLimit, stop);
            proxy.CutAfter(direction, long.MaxValue); // Should so many bytes not have come, they are not to cut later, unnoted.
        }

        if (proxy.ConnectionCount == before) proxy.Cut();
        fault.Over();
    }

    // The network is gone without a word; the connection does not outlive it.
    private async Task VanishAsync()
    {
        var proxy = random.Next(3) == 0 ? seat.Ledger.Proxy ?? seat.Proxy : seat.Proxy;
        await Patience.UntilAsync(() => proxy.OpenCount > 0, ConnectLimit, stop);
        var fault = stage.Faults.Begin(Kinds.Blackhole, seat.Name);
        var both = random.Next(2) == 0;
        var direction = (Direction)random.Next(2);
        foreach (var each in new[] { Direction.ToBroker, Direction.ToClient })
            if (both || each == direction) proxy.Set(each, Flow.Discard);
        await RestAsync(3_000, 8_000);
        proxy.Cut();
        await Patience.UntilAsync(() => proxy.OpenCount == 0, CutLimit, stop);
        foreach (var each in new[] { Direction.ToBroker, Direction.ToClient }) proxy.Set(each, Flow.Forward);
        fault.Over();
    }

    // Longer than its keep alive and its lease.
    private async Task PauseAsync()
    {
        await seat.StartedAsync(stop);
        await RestAsync(100, 500);
        var fault = stage.Faults.Begin(Kinds.Pause, seat.Name);
        seat.Pause();
        try
        {
            await RestAsync(5_500, 7_000);
        }
        finally
        {
            seat.Resume();
        }

        fault.Over();
    }
}
