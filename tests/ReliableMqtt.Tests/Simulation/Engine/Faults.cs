using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>Lets happen what the plan wants to go wrong.</summary>
internal static class Faults
{
    /// <summary>False when it cannot happen just now: there is no connection to cut, or it would break what the library presupposes.</summary>
    public static bool TryApply(SimWorld world, in SimFault fault)
    {
        var process = world.Processes[fault.Process];
        var amount = fault.Amount;
        var done = fault.Kind switch
        {
            FaultKind.Cut => TryBreak(world, (LossCause)(amount % 4 % 3), TimeSpan.Zero),
            FaultKind.Vanish => TryBreak(world, LossCause.Link, TimeSpan.FromMilliseconds(amount % 15_000)),
            FaultKind.Disconnect => TryDisconnect(world, amount),
            FaultKind.NoBroker => Do(() => world.Broker.StayAway(TimeSpan.FromMilliseconds(amount % 8_000))),
            FaultKind.SessionLoss => Do(world.Broker.Forget),
            FaultKind.Limits => TryLimit(world, amount),
            FaultKind.Crash => TryCrash(world, process, amount, inOrder: false),
            FaultKind.Handover => TryCrash(world, process, amount, inOrder: true),
            FaultKind.Pause => TryPause(world, process, amount),
            FaultKind.LedgerOut => TryLedgerOut(world, process, amount),
            FaultKind.Save => Do(world.Store.Save),
            FaultKind.GoBack => world.Store.TryGoBack(),
            FaultKind.Withdraw => !process.IsDead && Do(process.Withdraw),
            _ => !process.IsDead && Do(process.Flush),
        };
        if (done) world.Trace.Note(world, fault.Kind.ToString(), process.Name);
        return done;
    }

    private static bool Do(Action action)
    {
        action();
        return true;
    }

    private static bool TryBreak(SimWorld world, LossCause cause, TimeSpan unnoticed)
    {
        if (world.Broker.Current is not { IsDead: false } current) return false;
        current.Break(keepsSome: true);
        current.EndAtBroker();
        current.EndAtClient(new ConnectionLoss(cause), unnoticed);
        return true;
    }

    private static bool TryDisconnect(SimWorld world, int code)
    {
        if (world.Broker.Current is not { IsDead: false }) return false;
        world.Broker.Disconnect(code);
        return true;
    }

    private static bool TryLimit(SimWorld world, int amount)
    {
        world.Broker.Limit(amount % 2, TimeSpan.FromMilliseconds(amount % 20_000));
        return TryBreak(world, LossCause.Peer, TimeSpan.Zero);
    }

    private static bool TryCrash(SimWorld world, SimProcess process, int amount, bool inOrder)
    {
        if (process.IsDead || world.Store.IsSuspect) return false;
        world.Store.Harden();
        process.Die();
        if (inOrder && process.Ledger.Epoch is { } epoch) world.Store.Release(epoch);
        world.After(TimeSpan.FromMilliseconds(amount % 12_000), null, "restart", () => world.Restart(process.Slot), isTimer: true);
        return true;
    }

    private static bool TryPause(SimWorld world, SimProcess process, int amount)
    {
        if (process.IsDead || process.IsAsleep || world.Store.IsSuspect) return false;
        process.SleepsUntil = world.Now + TimeSpan.FromMilliseconds(amount % 25_000);
        return true;
    }

    private static bool TryLedgerOut(SimWorld world, SimProcess process, int amount)
    {
        if (process.IsDead) return false;
        process.Ledger.OutUntil = world.Now + TimeSpan.FromMilliseconds(amount % 15_000);
        return true;
    }
}
