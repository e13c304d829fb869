using System.Net;
using System.Security.Cryptography.X509Certificates;
using MQTTnet.Adapter;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using ReliableMqtt.Session;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Mqtt;

/// <summary>
/// Stands between MqttClient and the wire for one connection. Ledgered publishes go out here and their acknowledgements are taken out here, so
/// that MqttClient, which neither resends nor resumes, never sees them; everything else passes.
/// </summary>
internal sealed partial class SessionChannelAdapter : IMqttChannelAdapter
{
    private static readonly TimeSpan CloseWait = TimeSpan.FromSeconds(1);

    private readonly IMqttChannelAdapter _inner;
    private readonly IFlushable _channel;
    private readonly IPacketBuffer? _packets;
    private readonly AdapterSettings _settings;
    private readonly LogThrottle _unknownLines;
    private readonly PingQueue _pings = new();
    private readonly ClientPacketIdMap _clientIds = new();
    private readonly TaskCompletionSource<ConnectionEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Held while the sink is told of a connection or an ack, so that neither can come after the end. The sink returns at once.
    private readonly object _gate = new();
    private volatile ConnectionEnd? _end;
    private volatile ConnectionInfo? _info;
    private volatile KeepAlive? _keepAlive;
    private int _recycling;

    public SessionChannelAdapter(IMqttChannelAdapter inner, IFlushable channel, AdapterSettings settings)
    {
        _inner = inner;
        _channel = channel;
        _packets = channel as IPacketBuffer;
        _settings = settings;
        _unknownLines = new LogThrottle(settings.Time);
    }

    public int ConnectionId => _settings.ConnectionId;

    /// <summary>The limits of the connection; null until a CONNACK of success.</summary>
    public ConnectionInfo? Info => _info;

    /// <summary>There was a CONNACK of success, and the end was not yet.</summary>
    public bool IsOpen => _info is not null && _end is null;

    /// <summary>When the CONNACK came.</summary>
    public DateTimeOffset ConnectedSince { get; private set; }

    /// <summary>The Session Expiry Interval of the CONNACK. MQTTnet decodes an absent one and an explicit 0 alike, as 0: the two cannot be told apart.</summary>
    public uint GrantedSessionExpiry { get; private set; }

    /// <summary>The CONNACK, when it was not a success.</summary>
    public ConnectRefusal? Refusal { get; private set; }

    /// <summary>Something came from the broker after its CONNACK: the connection was of use.</summary>
    public bool MadeProgress { get; private set; }

    /// <summary>Set by whoever ends this connection in order to have another.</summary>
    public bool ReconnectAtOnce { get; set; }

    /// <summary>Completes when the connection is over, whatever the cause. Never fails.</summary>
    public Task<ConnectionEnd> Ended => _ended.Task;

    public long BytesReceived => _inner.BytesReceived + (_packets?.BytesTaken ?? 0);

    public long BytesSent => _inner.BytesSent + (_packets?.BytesAppended ?? 0);

    public X509Certificate2? ClientCertificate => _inner.ClientCertificate;

    public EndPoint? RemoteEndPoint => _inner.RemoteEndPoint;

    public EndPoint? LocalEndPoint => _inner.LocalEndPoint;

    public bool IsSecureConnection => _inner.IsSecureConnection;

    public MqttPacketFormatterAdapter PacketFormatterAdapter => _inner.PacketFormatterAdapter;

    private bool IsMqtt5 => PacketFormatterAdapter.ProtocolVersion == MqttProtocolVersion.V500;

    public void ResetStatistics() => _inner.ResetStatistics();

    public Task ConnectAsync(CancellationToken cancellationToken) => _inner.ConnectAsync(cancellationToken);

    /// <summary>
    /// Called by MqttClient when it is done with the connection. The socket is closed without any ceremony of the transport, which may hang on a
    /// half-open link.
    /// </summary>
    public Task DisconnectAsync(CancellationToken cancellationToken)
    {
        End("closed by the client");
        return Task.CompletedTask;
    }

    public void Dispose() => End("disposed");

    /// <summary>True for the first caller: a connection is recycled once.</summary>
    public bool TryBeginRecycle() => Interlocked.Exchange(ref _recycling, 1) == 0;

    /// <summary>Says goodbye with DISCONNECT 0x00, which keeps the session, gives the broker a moment to close, and closes.</summary>
    public async Task CloseAsync(string why, TimeSpan timeout)
    {
        if (IsOpen)
        {
            try
            {
                await SendPacketAsync(new MqttDisconnectPacket(), CancellationToken.None).WaitAsync(timeout, _settings.Time).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                Log.CloseFailed(_settings.Logger, ConnectionId, e);
            }
        }

        End(why);
    }

    /// <summary>Ends the connection: tells the sink if it knew of it, and closes the socket. Only the first call has an effect.</summary>
    public void End(string why, Exception? error = null, byte? code = null, LossCause cause = LossCause.Local)
    {
        lock (_gate)
        {
            if (_end is not null) return;
            // After our DISCONNECT the peer closes because it is told to.
            _end = new ConnectionEnd(why, error, code, _disconnectSent ? LossCause.Local : cause);
        }

        _keepAlive?.Dispose();
        _queue.Writer.TryComplete();
        FailWaiters();
        _pings.Close();
        try
        {
            _inner.Dispose();
        }
        catch (Exception e)
        {
            Log.CloseFailed(_settings.Logger, ConnectionId, e);
        }

        try
        {
            if (_info is not null)
                _settings.Sink.OnConnectionLost(ConnectionId, new ConnectionLoss(_end.Cause, code) { Unsent = HasUnsent, OthersLeft = _othersLeft });
        }
        catch (Exception e)
        {
            Log.SinkFailed(_settings.Logger, nameof(IWireSink.OnConnectionLost), e);
        }

        _ended.TrySetResult(_end);
    }
}
