using System.Net;
using System.Net.Sockets;
using ReliableMqtt.Sample.Settings;

namespace ReliableMqtt.Sample.Proxy;

/// <summary>
/// Passes TCP connections on, and ends each after a random number of bytes, counted in both directions: in the middle of a packet as likely as not,
/// with a FIN or a RST. It is what a bad mobile link does to a publisher, a hundred times a minute.
/// </summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly DnsEndPoint _target;
    private readonly ByteRange _cutAfter;
    private readonly long _maxCuts;
    private readonly Random _random;
    private readonly Lock _lock = new();
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<Task> _links = [];
    private Task _accepting = Task.CompletedTask;
    private long _cuts;

    /// <summary>Binds to 127.0.0.1.</summary>
    /// <param name="port">The port; 0 for any that is free.</param>
    /// <param name="target">Where connections are passed on to.</param>
    /// <param name="cutAfter">After how many bytes a connection ends.</param>
    /// <param name="maxCuts">After so many cuts connections live for ever.</param>
    /// <param name="seed">Seeds the draws.</param>
    public CuttingProxy(int port, DnsEndPoint target, ByteRange cutAfter, long maxCuts, int seed)
    {
        _target = target;
        _cutAfter = cutAfter;
        _maxCuts = maxCuts;
        _random = new Random(seed);
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public long Cuts => Interlocked.Read(ref _cuts);

    /// <summary>Called after each cut with a line about it.</summary>
    public Action<string>? OnCut { get; init; }

    public void Start() => _accepting = AcceptAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        Task[] links;
        lock (_lock) links = [.. _links];
        await Task.WhenAll(links);
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_stop.Token);
                lock (_lock)
                {
                    var link = RelayAsync(client, new ProxiedLink(_cutAfter.Draw(_random), reset: _random.Next(2) == 0));
                    _links.Add(link);
                    _ = link.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private void Forget(Task link)
    {
        lock (_lock) _links.Remove(link);
    }

    private async Task RelayAsync(Socket client, ProxiedLink link)
    {
        await Task.Yield(); // The lock of the caller is not held while connecting.
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        using (client)
        {
            try
            {
                client.NoDelay = server.NoDelay = true;
                await server.ConnectAsync(_target, ended.Token);
                var first = await Task.WhenAny(PumpAsync(client, server, link, ended), PumpAsync(server, client, link, ended));
                await first;
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException)
            {
                // The broker is down, or the proxy is stopping: the client sees its connection end.
            }

            await ended.CancelAsync();
            link.Close(client);
            link.Close(server);
        }
    }

    /// <summary>Passes bytes on in one direction until the link ends; never throws for the end of a connection.</summary>
    private async Task PumpAsync(Socket from, Socket to, ProxiedLink link, CancellationTokenSource ended)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (true)
            {
                var count = await from.ReceiveAsync(buffer, ended.Token);
                if (count == 0) return;

                var allowed = link.Take(count);
                await SendAsync(to, buffer.AsMemory(0, allowed), ended.Token);
                if (link.IsSpent && link.TryCut(() => TryCountCut(link))) return;

                await SendAsync(to, buffer.AsMemory(allowed, count - allowed), ended.Token);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // One side has gone: so goes the other.
        }
    }

    private static async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0) bytes = bytes[await to.SendAsync(bytes, cancellationToken)..];
    }

    private bool TryCountCut(ProxiedLink link)
    {
        long number;
        lock (_lock)
        {
            if (_cuts >= _maxCuts) return false;
            number = ++_cuts;
        }

        OnCut?.Invoke(FormattableString.Invariant($"cut {number} after {link.Length} bytes with {(link.Reset ? "RST" : "FIN")}"));
        return true;
    }
}
