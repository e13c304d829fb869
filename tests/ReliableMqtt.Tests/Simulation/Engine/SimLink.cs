using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>
/// Connects one process to the broker, by the rules of the supervisor: it asks before each CONNECT, backs off, wipes the session where a clean start is wanted, and stops when it is taken
/// over.
/// </summary>
internal sealed partial class SimLink(SimWorld world, SimProcess process) : IWire
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan FaultedRetry = TimeSpan.FromSeconds(30);

    private SimConnection? _connecting;
    private SimConnection? _current;
    private bool _suspended = true;
    private bool _isTrying;
    private SimEvent? _waiting;
    private int _connections;
    private int _failures;

    public SimProcess Process => process;

    /// <summary>Another client has taken over the session: only a new lease, or the application, lets it connect again.</summary>
    public bool IsFenced { get; private set; }

    /// <summary>What <c>ReconnectAsync</c> does to a connection that is fenced.</summary>
    public void Reconnect()
    {
        if (IsFenced) Start();
    }

    public SimConnection? Current => _current ?? _connecting;

    private TimeSpan Soon => world.Delay(SimStream.Network, world.Plan.DelayMilliseconds);

    public void Start()
    {
        (_suspended, IsFenced) = (false, false);
        if (_current is null && !_isTrying) Again(TimeSpan.Zero);
    }

    public void Suspend()
    {
        _suspended = true;
        Cancel();
        if (_current is { } current) Close(current);
    }

    /// <summary>The process is dead: what it has sent arrives up to a random packet.</summary>
    public void Die()
    {
        if (Current is not { } current) return;
        current.Break(keepsSome: true);
        current.EndAtBroker();
    }

    private void Cancel()
    {
        if (_waiting is not null) _waiting.IsCancelled = true;
        _waiting = null;
    }

    private void Again(TimeSpan wait)
    {
        _isTrying = false;
        Cancel();
        if (_suspended) return;
        _waiting = world.After(wait, process, $"{process.Name} connect", () =>
        {
            _waiting = null;
            _ = TryAsync();
        }, isTimer: wait > TimeSpan.Zero);
    }

    private TimeSpan Backoff() => world.Delay(SimStream.Network, Math.Min(30_000, 200 << Math.Min(_failures++, 8)));

    private async Task TryAsync()
    {
        if (_suspended || _isTrying || _current is not null) return;
        _isTrying = true;
        var may = await process.Ownership.MayConnectAsync(default).ConfigureAwait(false);
        if (!may || _suspended) Again(LookAgain);
        else Connect(process.Pump.CleanStart);
    }

    private void Connect(bool clean) => world.After(Soon, null, $"{process.Name} connect", () =>
    {
        if (process.IsDead) return;
        if (world.Broker.IsAway)
            world.After(Soon, process, $"{process.Name} connect", () => Again(Backoff()));
        else if (clean)
        {
            world.Broker.Wipe();
            world.After(Soon, process, $"{process.Name} connect", () => Connect(clean: false));
        }
        else
        {
            _connecting = new SimConnection(world, this, ++world.Connections, ++_connections);
            world.Broker.Accept(_connecting);
        }
    });

    /// <summary>CONNACK has come.</summary>
    public void OnConnAck(SimConnection connection, ConnectionInfo info)
    {
        if (_connecting != connection) return;
        (_connecting, _current, _isTrying) = (null, connection, false);
        connection.IsOpenAtClient = true;
        process.Pump.OnConnected(info);
        if (_suspended) Close(connection);
    }

    /// <summary>The connection has ended, or the attempt to make it.</summary>
    public void OnLost(SimConnection connection, ConnectionLoss loss)
    {
        if (connection == _connecting)
        {
            _connecting = null;
            Again(Backoff());
            return;
        }

        if (!connection.IsOpenAtClient) return;
        connection.IsOpenAtClient = false;
        connection.Break(keepsSome: true);
        world.Trace.Note(world, "lost", process.Name, connection.Number);
        if (loss.Cause == LossCause.Peer) world.Messages.OnPeerEnd();
        process.Pump.OnConnectionLost(connection.IdInProcess, loss);
        Ended(connection, loss.Code);
    }

    private void Close(SimConnection connection)
    {
        connection.CloseByClient();
        world.Trace.Note(world, "closes", process.Name, connection.Number);
        process.Pump.OnConnectionLost(connection.IdInProcess, new ConnectionLoss(LossCause.Local));
        Ended(connection, null);
    }

    private void Ended(SimConnection connection, byte? code)
    {
        if (_current == connection) _current = null;
        if (_suspended) return;
        if (connection.MadeProgress) _failures = 0;
        switch (code is { } known ? ReasonCodes.OfDisconnect(known) : DisconnectVerdict.Reconnect)
        {
            case DisconnectVerdict.Stop:
                Cancel();
                IsFenced = true;
                break;
            case DisconnectVerdict.Fault:
                Again(FaultedRetry);
                break;
            default:
                Again(connection.IsRecycling ? TimeSpan.Zero : Backoff());
                break;
        }
    }
}
