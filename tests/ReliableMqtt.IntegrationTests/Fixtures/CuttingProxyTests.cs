using System.Net;
using System.Net.Sockets;

namespace ReliableMqtt.IntegrationTests.Fixtures;

public sealed class CuttingProxyTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Direction.ToBroker)]
    [InlineData(Direction.ToClient)]
    public async Task Exactly_so_many_bytes_arrive_before_the_cut(Direction direction)
    {
        await using var link = await Link.OpenAsync();
        link.Proxy.CutAfter(direction, 1_000_003);
        var (from, to) = direction == Direction.ToBroker ? (link.Client, link.Server) : (link.Server, link.Client);
        var sent = new byte[3_000_000];
        new Random(1).NextBytes(sent);
        var sending = SendAsync(from, sent);
        var received = await ReadToEndAsync(to);
        Assert.Equal(1_000_003, received.Length);
        Assert.Equal(sent[..1_000_003], received);
        await sending;
        Assert.Equal(1_000_003, link.Proxy.Forwarded(direction));
    }

    [Fact]
    public async Task A_cut_rule_counts_on_over_connections_and_works_once()
    {
        await using var link = await Link.OpenAsync();
        link.Proxy.CutAfter(Direction.ToBroker, 10);
        await SendAsync(link.Client, new byte[4]);
        await Eventually.Async(() => link.Proxy.Forwarded(Direction.ToBroker) == 4, "4 bytes have passed");
        link.Proxy.Cut();
        Assert.Equal(4, (await ReadToEndAsync(link.Server)).Length);

        await link.ReconnectAsync();
        await SendAsync(link.Client, new byte[100]);
        Assert.Equal(6, (await ReadToEndAsync(link.Server)).Length);

        await link.ReconnectAsync();
        await SendAsync(link.Client, new byte[100]);
        link.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(100, (await ReadToEndAsync(link.Server)).Length);
        Assert.Equal(3, link.Proxy.ConnectionCount);
    }

    [Fact]
    public async Task A_cut_ends_both_sides()
    {
        await using var link = await Link.OpenAsync();
        link.Proxy.Cut();
        Assert.Empty(await ReadToEndAsync(link.Client));
        Assert.Empty(await ReadToEndAsync(link.Server));
        link.Client.Dispose();
        link.Server.Dispose();
        await Eventually.Async(() => link.Proxy.OpenCount == 0, "the proxy lets the connection go");
    }

    [Fact]
    public async Task A_cut_can_be_a_reset_of_both_sides()
    {
        await using var link = await Link.OpenAsync();
        link.Proxy.Resets = true;
        link.Proxy.Cut();
        foreach (var side in new[] { link.Client, link.Server })
        {
            var refused = await Assert.ThrowsAsync<SocketException>(() => side.ReceiveAsync(new byte[1], Cancel).AsTask());
            Assert.Equal(SocketError.ConnectionReset, refused.SocketErrorCode);
        }
    }

    [Fact]
    public async Task Held_bytes_pass_later_and_the_other_direction_does_not_care()
    {
        await using var link = await Link.OpenAsync();
        link.Proxy.Set(Direction.ToBroker, Flow.Hold);
        await SendAsync(link.Client, [1, 2, 3]);
        await SendAsync(link.Server, [4]);
        var byteToClient = new byte[1];
        await link.Client.ReceiveAsync(byteToClient, Cancel);
        Assert.Equal(4, byteToClient[0]);
        Assert.Equal(0, link.Proxy.Forwarded(Direction.ToBroker));
        link.Proxy.Set(Direction.ToBroker, Flow.Forward);
        link.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal([1, 2, 3], await ReadToEndAsync(link.Server));
    }

    [Fact]
    public async Task A_black_hole_swallows()
    {
        await using var link = await Link.OpenAsync();
        link.Proxy.Set(Direction.ToClient, Flow.Discard);
        await SendAsync(link.Server, [1, 2, 3]);
        link.Server.Shutdown(SocketShutdown.Send);
        Assert.Empty(await ReadToEndAsync(link.Client));
    }

    [Fact]
    public async Task Clients_are_turned_away_without_a_broker_and_find_one_that_has_moved()
    {
        await using var link = await Link.OpenAsync();
        await using var elsewhere = await Link.OpenAsync();
        link.Proxy.Refuses = true;
        Assert.Empty(await ReadToEndAsync(await link.ConnectAsync()));
        link.Proxy.Refuses = false;
        var there = link.Proxy.TargetPort;
        link.Proxy.TargetPort = await UnusedPortAsync();
        Assert.Empty(await ReadToEndAsync(await link.ConnectAsync()));
        link.Proxy.TargetPort = there;
        await link.ReconnectAsync();
        await SendAsync(link.Client, [7]);
        link.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal([7], await ReadToEndAsync(link.Server));
    }

    private static Task<int> UnusedPortAsync()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return Task.FromResult(((IPEndPoint)socket.LocalEndPoint!).Port);
    }

    private static async Task SendAsync(Socket socket, byte[] message)
    {
        ReadOnlyMemory<byte> bytes = message;
        try
        {
            while (bytes.Length > 0) bytes = bytes[await socket.SendAsync(bytes, Cancel)..];
        }
        catch (SocketException)
        {
            // Cut while sending.
        }
    }

    private static async Task<byte[]> ReadToEndAsync(Socket socket)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        using var received = new MemoryStream();
        var buffer = new byte[8_192];
        try
        {
            while (await socket.ReceiveAsync(buffer, deadline.Token) is > 0 and var count) received.Write(buffer, 0, count);
        }
        catch (SocketException)
        {
            // A reset is an end too.
        }

        return received.ToArray();
    }

    // A server, a proxy before it, and a client that has come through it.
    private sealed class Link : IAsyncDisposable
    {
        private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        public CuttingProxy Proxy { get; private set; } = null!;

        public Socket Client { get; private set; } = null!;

        public Socket Server { get; private set; } = null!;

        public static async Task<Link> OpenAsync()
        {
            var link = new Link();
            link._listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            link._listener.Listen();
            link.Proxy = CuttingProxy.Start(((IPEndPoint)link._listener.LocalEndPoint!).Port);
            await link.ReconnectAsync();
            return link;
        }

        public async Task<Socket> ConnectAsync()
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, Proxy.Port), Cancel);
            return client;
        }

        public async Task ReconnectAsync()
        {
            Client?.Dispose();
            Server?.Dispose();
            Client = await ConnectAsync();
            Server = await _listener.AcceptAsync(Cancel);
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            Server.Dispose();
            await Proxy.DisposeAsync();
            _listener.Dispose();
        }
    }
}
