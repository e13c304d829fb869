using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Simulation.Engine;

// The way to the server and back.
internal sealed partial class SimLedger
{
    private enum Fate
    {
        Answered,

        /// <summary>The request does not arrive.</summary>
        RequestLost,

        /// <summary>It is done, and the answer does not come.</summary>
        AnswerLost,

        /// <summary>The request is given up, and arrives after that, when the same one may have been sent again.</summary>
        ArrivesLate,
    }

    /// <param name="what">What is asked, for the trace.</param>
    /// <param name="call">The call, on this process's object or for one that is dead.</param>
    /// <param name="isDefinite">A failure says that nothing was done: so an answer that is lost is asked for again.</param>
    /// <param name="copies">A late copy of the request does no harm.</param>
    /// <param name="instead">What is answered, by a planted bug, in place of a failure.</param>
    private ValueTask<T> Ask<T>(string what, Func<AckLedger, ValueTask<T>> call, bool isDefinite = false, bool copies = false, Func<T>? instead = null)
    {
        _world.CheckThread();
        if (_world.Plan.LedgerAnswersAtOnce) return call(_inner);
        var source = new TaskCompletionSource<T>();
        var fate = DrawFate();
        if (fate == Fate.ArrivesLate && !copies) fate = Fate.RequestLost;
        var lane = $"{_process.Name} {what}";
        var way = Way();
        _world.Trace.Note(_world, what, _process.Name, (long)fate);
        if (fate == Fate.RequestLost)
        {
            Answer(Patience, lane, () => Fail(source, instead));
            return new(source.Task);
        }

        if (fate == Fate.ArrivesLate)
        {
            var life = _world.Store.Life;
            _world.After(Patience + (way * 20), null, lane, () =>
            {
                if (life == _world.Store.Life) Orphan(call);
            });
            Answer(Patience, lane, () => Fail(source, instead));
            return new(source.Task);
        }

        _world.After(way, null, lane, () => Arrive(lane, call, source, way, fate == Fate.AnswerLost, isDefinite));
        return new(source.Task);
    }

    private void Arrive<T>(string lane, Func<AckLedger, ValueTask<T>> call, TaskCompletionSource<T> source, TimeSpan way, bool isAnswerLost, bool isDefinite)
    {
        if (_process.IsDead)
        {
            // Sent with its last breath: it arrives or not.
            if (_world.Chance(SimStream.Ledger, 2)) Orphan(call);
            return;
        }

        var done = call(_inner).AsTask();
        if (!done.IsCompleted) throw new ViolationException("the ledger in memory did not answer at once");
        if (done.Exception?.InnerException is { } error and not (LedgerUnavailableException or LedgerFencedException))
            throw new ViolationException($"{lane}: a call that the ledger refuses: {error.Message}");
        var wait = isAnswerLost ? Patience : way;
        Answer(wait, lane, () =>
        {
            if (isAnswerLost && !isDefinite) Fail(source, null);
            else if (done.Exception?.InnerException is { } failed) source.SetException(failed);
            else source.SetResult(done.Result);
        });
    }

    /// <summary>Done for somebody who does not hear of it.</summary>
    private void Orphan<T>(Func<AckLedger, ValueTask<T>> call)
    {
        if (_world.Store.IsSuspect) return;
        var other = _world.Store.Open(_process.Clock);
        _world.Trace.Note(_world, "late request of", _process.Name);
        _world.Store.Harden();
        _ = call(other).AsTask().Exception;
        _ = other.DisposeAsync().AsTask();
    }

    private void Answer(TimeSpan after, string lane, Action run) => _world.After(after, _process, lane, run);

    private static void Fail<T>(TaskCompletionSource<T> source, Func<T>? instead)
    {
        if (instead is not null) source.SetResult(instead());
        else source.SetException(new LedgerUnavailableException("simulated"));
    }

    private void Tell(string what, Action run)
    {
        if (!_world.Chance(SimStream.Ledger, 8)) _world.After(Way(), _process, $"{_process.Name} {what}", run);
    }

    private Fate DrawFate()
    {
        // After a loss of writes the owner has to be quick: who may take over is nobody whom the loss concerns.
        if (_world.Store.IsSuspect || _world.IsHealing) return Fate.Answered;
        var isOut = _world.Now < OutUntil;
        return isOut || _world.Chance(SimStream.Ledger, _world.Plan.LedgerFailsOneIn) ? (Fate)_world.Draw(SimStream.Ledger, 1, 4) : Fate.Answered;
    }

    private TimeSpan Way()
    {
        var slow = !_world.Store.IsSuspect && !_world.IsHealing && _world.Chance(SimStream.Ledger, _world.Plan.LedgerIsSlowOneIn);
        return _world.Delay(SimStream.Ledger, slow ? 1_500 : Math.Min(20, _world.Plan.DelayMilliseconds));
    }

    private TimeSpan Patience => TimeSpan.FromMilliseconds(_world.Draw(SimStream.Ledger, 100, 1_000));
}
