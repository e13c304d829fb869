using System.Net;
using System.Net.Sockets;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>One client's connection through the proxy, and the proxy's own one to the broker.</summary>
internal sealed class ProxyConnection(CuttingProxy proxy, Socket client, int number) : IDisposable
{
    // After a cut the sockets are read until the peers have closed, since closing with unread bytes would reset what is still on its way.
    private static readonly TimeSpan Lingering = TimeSpan.FromSeconds(1);

    private const int SlicesPerSecond = 50;

    private readonly Socket _broker = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly CancellationTokenSource _cut = new();
    private readonly SemaphoreSlim[] _writing = [new(1, 1), new(1, 1)];
    private readonly WireReader[]? _readers = proxy.Tap is null ? null : WireReader.Pair(number);

    private volatile bool _reset;

    public int Number => number;

    public void Cut()
    {
        _reset |= proxy.Resets;
        _cut.Cancel();
    }

    public async Task RunAsync(int targetPort)
    {
        try
        {
            client.NoDelay = true;
            await _broker.ConnectAsync(new IPEndPoint(IPAddress.Loopback, targetPort), _cut.Token);
            await Task.WhenAll(PumpAsync(Direction.ToBroker, client), PumpAsync(Direction.ToClient, _broker));
            if (!_reset) await Task.WhenAll(HangUpAsync(client), HangUpAsync(_broker));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // No broker, or cut before there was one: the client sees its connection end.
        }
    }

    public void Dispose()
    {
        foreach (var socket in new[] { client, _broker })
        {
            if (_reset) socket.LingerState = new LingerOption(true, 0); // Closing is then a reset.
            socket.Dispose();
        }

        _cut.Dispose();
        foreach (var writing in _writing) writing.Dispose();
    }

    /// <summary>Sends a packet that nobody has sent, between two others, and lets the tap see it.</summary>
    public async Task ForgeAsync(Direction direction, byte[] packet)
    {
        var forged = _readers![(int)direction].Decode(direction, packet) with { Via = proxy.Name, Forged = true };
        proxy.Tap!.Record(forged);
        await WriteAsync(direction, packet);
    }

    private async Task ReleaseAsync(WirePacket packet, ReadOnlyMemory<byte> frame)
    {
        _cut.Token.ThrowIfCancellationRequested();
        proxy.Tap!.Record(packet with { Via = proxy.Name });
        await ForwardAsync(packet.Direction, frame);
    }

    /// <summary>Sends bytes on in a direction, subject to what the proxy has been told.</summary>
    private async Task ForwardAsync(Direction direction, ReadOnlyMemory<byte> bytes)
    {
        if (direction == Direction.ToClient && proxy.Latency > TimeSpan.Zero) await Task.Delay(proxy.Latency, _cut.Token);
        if (!await proxy.PassAsync(direction, _cut.Token)) return;
        var (allowed, cut) = proxy.Take(direction, bytes.Length);
        if (allowed > 0) await WriteAsync(direction, bytes[..allowed]);
        if (cut) Cut();
    }

    private async Task PumpAsync(Direction direction, Socket from)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, _cut.Token) is > 0 and var count)
            {
                if (_readers is null) await ForwardAsync(direction, buffer.AsMemory(0, count));
                else await InspectAsync(direction, buffer.AsMemory(0, count));
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The connection is over, whichever side ended it.
        }

        await _cut.CancelAsync();
    }

    private async Task InspectAsync(Direction direction, ReadOnlyMemory<byte> bytes)
    {
        foreach (var (packet, frame) in _readers![(int)direction].Read(direction, bytes))
        {
            _cut.Token.ThrowIfCancellationRequested();
            switch (packet is null ? TapAction.Forward : proxy.Tap!.Decide(packet, proxy.Name, () => ReleaseAsync(packet, frame)))
            {
                case { Kind: TapKind.Forward }:
                    await ForwardAsync(direction, frame);
                    break;
                case { Kind: TapKind.Delay } delay:
                    await Task.Delay(delay.Time, _cut.Token);
                    await ForwardAsync(direction, frame);
                    break;
                case { Kind: TapKind.CutBefore }:
                    Cut();
                    return;
                case { Kind: TapKind.CutWithin } within:
                    await ForwardAsync(direction, frame[..Math.Min(within.Bytes, frame.Length - 1)]);
                    Cut();
                    return;
                case { Kind: TapKind.CutAfter }:
                    await ForwardAsync(direction, frame);
                    Cut();
                    return;
                case { Kind: TapKind.Answer } answer:
                    await ForgeAsync(direction == Direction.ToBroker ? Direction.ToClient : Direction.ToBroker, answer.Reply!(packet!));
                    break;
            }
        }
    }

    private async Task WriteAsync(Direction direction, ReadOnlyMemory<byte> bytes)
    {
        var to = direction == Direction.ToBroker ? _broker : client;
        var writing = _writing[(int)direction];
        await writing.WaitAsync(_cut.Token);
        try
        {
            while (bytes.Length > 0)
            {
                var slice = bytes.Length;
                if (proxy.BytesPerSecond is { } rate)
                {
                    slice = Math.Min(slice, Math.Max(1, rate / SlicesPerSecond));
                    await Task.Delay(TimeSpan.FromSeconds(1.0 / SlicesPerSecond), _cut.Token);
                }

                bytes = bytes[await to.SendAsync(bytes[..slice], _cut.Token)..];
            }
        }
        finally
        {
            writing.Release();
        }
    }

    private static async Task HangUpAsync(Socket socket)
    {
        using var patience = new CancellationTokenSource(Lingering);
        try
        {
            socket.Shutdown(SocketShutdown.Send);
            var unread = new byte[64 * 1024];
            while (await socket.ReceiveAsync(unread, patience.Token) > 0)
            {
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // The peer has gone first, or does not go.
        }
    }
}
