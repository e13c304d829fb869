namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>A direction through the proxy.</summary>
public enum Direction { ToBroker, ToClient }

/// <summary>What the proxy does with the bytes of a direction.</summary>
public enum Flow
{
    /// <summary>They pass.</summary>
    Forward,

    /// <summary>They wait, and pass later: a link that has stalled.</summary>
    Hold,

    /// <summary>They vanish: a black hole. The connection is of no use after that.</summary>
    Discard,
}

/// <summary>The flow of one direction, which may change while others wait for it.</summary>
internal sealed class FlowGate
{
    private readonly object _gate = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Flow _flow;

    public void Set(Flow flow)
    {
        lock (_gate)
        {
            _flow = flow;
            _changed.SetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Waits while bytes are held. False when they are to vanish.</summary>
    public async ValueTask<bool> PassAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_flow != Flow.Hold) return _flow == Flow.Forward;
                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }
}
