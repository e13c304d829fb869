using ReliableMqtt.Ledger;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Dispatch;

// Who takes the turns: the loop, or where hardly anything is under way, whoever brings an input.
internal sealed partial class PublisherPump
{
    /// <summary>The most inputs that one turn takes: enough to batch, few enough to let the ledger start.</summary>
    private const int InputsPerTurn = 4096;

    /// <summary>One message, and the one before whose confirm is still to be stored.</summary>
    private const int QuietInFlight = 2;

    private int _turning;
    private volatile bool _isQuiet;

    /// <summary>Gives the pump an input. False after it was disposed.</summary>
    /// <remarks>
    /// While hardly anything is under way the turn is taken here, by whoever has the input: one message alone does not wait for a thread to wake up. With more under way it is
    /// the loop's, where many inputs share a turn.
    /// </remarks>
    public bool Post(in PumpInput input)
    {
        if (!_isQuiet || !_turnsItself || Interlocked.CompareExchange(ref _turning, 1, 0) != 0) return _inputs.Writer.TryWrite(input);
        try
        {
            if (_stopping.IsCancellationRequested || HasInput) return _inputs.Writer.TryWrite(input);
            TakeTurnFor(input);
            return true;
        }
        finally
        {
            Volatile.Write(ref _turning, 0);
        }
    }

    // What belongs to the caller alone (his activity, say) does not follow into the ledger and the connection.
    private void TakeTurnFor(in PumpInput input)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            TakeTurn(input);
            return;
        }

        using (ExecutionContext.SuppressFlow()) TakeTurn(input);
    }

    private async Task RunAsync()
    {
        while (await _inputs.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            // Whoever is about to publish, or has an ack to hand over, goes first: one turn for all of them. Alone, it costs a microsecond.
            await Task.Yield();
            if (Interlocked.CompareExchange(ref _turning, 1, 0) != 0) continue; // Somebody else takes a turn, which is short.
            TakeTurn();
            Volatile.Write(ref _turning, 0);
        }
    }

    /// <summary>Is there something for <see cref="TakeTurn"/> to do?</summary>
    public bool HasInput => _inputs.Reader.TryPeek(out _);

    /// <summary>Takes all inputs that have arrived, and does what follows from them. One caller at a time: the loop, unless the pump was made to be turned by hand.</summary>
    /// <param name="first">What has not gone through the queue.</param>
    public void TakeTurn(PumpInput? first = null)
    {
        try
        {
            if (first is { } input) Handle(input);
            for (var n = 0; n < InputsPerTurn && !(first?.Kind == PumpInputKind.Flush) && _inputs.Reader.TryRead(out input); n++)
            {
                Handle(input);
                if (input.Kind == PumpInputKind.Flush) break; // What comes after it is not waited for.
            }

            if (_session is not null) Turn(_session);
            TurnStandby();
            SettleFlushes();
            _isQuiet = _session is { InFlight: <= QuietInFlight, Unanswered: <= 1 } && _early.Count == 0;
        }
#pragma warning disable CA1031 // An error here is a bug of ours. What is in the ledger is safe: a new session starts from there.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Log.PumpFailed(_logger, error);
            Abandon(CommitStatus.RolledBack, isAnswered: true);
        }
    }
}
