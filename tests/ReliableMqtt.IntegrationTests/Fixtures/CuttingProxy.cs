using System.Net;
using System.Net.Sockets;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>
/// A TCP proxy on a free loopback port that can fail as networks do: cut at a byte, stall, swallow. Whoever connects stays connected to the
/// proxy's port while the target moves or restarts. With a <see cref="WireTap"/> it also knows MQTT packets.
/// </summary>
public sealed class CuttingProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _closing = new();
    private readonly object _gate = new();
    private readonly Dictionary<ProxyConnection, Task> _open = [];
    private readonly FlowGate[] _flows = [new(), new()];
    private readonly long?[] _cutAfter = new long?[2];
    private readonly long[] _forwarded = new long[2];
    private readonly Task _accepting;
    private volatile int _targetPort;
    private volatile bool _refuses;
    private int _connections;

    private CuttingProxy(int targetPort, WireTap? tap, string? name)
    {
        (_targetPort, Tap, Name) = (targetPort, tap, name);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect to, on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Where the broker is; a change holds for connections from then on.</summary>
    public int TargetPort
    {
        get => _targetPort;
        set => _targetPort = value;
    }

    /// <summary>True: new connections are closed at once.</summary>
    public bool Refuses
    {
        get => _refuses;
        set => _refuses = value;
    }

    /// <summary>True: a cut is a reset (RST), so that also what was forwarded before may not arrive; otherwise it is an orderly end (FIN).</summary>
    public bool Resets { get; set; }

    /// <summary>How long what goes to the client is under way: a distant server.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>How many bytes go through in a second, in each direction of each connection; null for as many as there are.</summary>
    public int? BytesPerSecond { get; set; }

    /// <summary>How many connections have come, those included that found no broker or were refused.</summary>
    public int ConnectionCount => Volatile.Read(ref _connections);

    /// <summary>How many are open.</summary>
    public int OpenCount
    {
        get { lock (_gate) return _open.Count; }
    }

    internal WireTap? Tap { get; }

    /// <summary>What its packets are marked with, where several proxies share a tap.</summary>
    internal string? Name { get; }

    public static CuttingProxy Start(int targetPort, WireTap? tap = null, string? name = null) => new(targetPort, tap, name);

    /// <summary>Ends all connections now: what was forwarded before arrives (unless it <see cref="Resets"/>), nothing after it does.</summary>
    public void Cut()
    {
        lock (_gate) foreach (var connection in _open.Keys) connection.Cut();
    }

    /// <summary>Ends the connection over which the given number of further bytes has passed in a direction: exactly these arrive. Once.</summary>
    public void CutAfter(Direction direction, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        lock (_gate) _cutAfter[(int)direction] = bytes;
    }

    /// <summary>What is done with the bytes of a direction from now on, on all connections.</summary>
    public void Set(Direction direction, Flow flow) => _flows[(int)direction].Set(flow);

    /// <summary>
    /// Sends a packet that nobody has sent over the newest connection, between two others; the tap sees it too, marked as forged. Needs a tap, which knows
    /// where packets begin.
    /// </summary>
    public Task ForgeAsync(Direction direction, byte[] packet)
    {
        if (Tap is null) throw new InvalidOperationException("A proxy without a tap does not know where packets begin.");
        lock (_gate) return _open.Keys.MaxBy(connection => connection.Number)?.ForgeAsync(direction, packet) ?? throw new InvalidOperationException("No connection is open.");
    }

    /// <summary>How many bytes have been forwarded in a direction.</summary>
    public long Forwarded(Direction direction) => Interlocked.Read(ref _forwarded[(int)direction]);

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Dispose();
        await _accepting;
        Task[] open;
        lock (_gate) open = [.. _open.Values];
        Cut();
        await Task.WhenAll(open);
        _closing.Dispose();
    }

    internal ValueTask<bool> PassAsync(Direction direction, CancellationToken cancellationToken) =>
        _flows[(int)direction].PassAsync(cancellationToken);

    /// <summary>How many of so many bytes may pass, and whether that was the end.</summary>
    internal (int Allowed, bool Cut) Take(Direction direction, int bytes)
    {
        lock (_gate)
        {
            var (allowed, cut) = (bytes, false);
            ref var left = ref _cutAfter[(int)direction];
            if (left is { } limit)
            {
                cut = bytes >= limit;
                allowed = (int)Math.Min(bytes, limit);
                left = cut ? null : limit - bytes;
            }

            _forwarded[(int)direction] += allowed;
            return (allowed, cut);
        }
    }

    private async Task AcceptAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptAsync(_closing.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                if (_closing.IsCancellationRequested) return;
                continue;
            }

            var count = Interlocked.Increment(ref _connections);
            var connection = new ProxyConnection(this, client, Tap?.NextConnection() ?? count);
            lock (_gate) _open.Add(connection, RunAsync(connection));
        }
    }

    private async Task RunAsync(ProxyConnection connection)
    {
        await Task.Yield(); // It is in the list before it can leave it.
        try
        {
            if (Refuses) connection.Cut();
            await connection.RunAsync(TargetPort);
        }
        finally
        {
            lock (_gate) _open.Remove(connection);
            connection.Dispose();
        }
    }
}
