using System.Buffers;
using System.Net;
using System.Net.Sockets;
using MQTTnet;
using ReliableMqtt.Mqtt;

namespace ReliableMqtt.Tests.Mqtt;

/// <summary>Proves that the channel with a thread of its own reads, writes, waits and ends as a socket does.</summary>
public sealed class TcpChannelTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly byte[] _buffer = new byte[1024];

    public TcpChannelTests()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    public void Dispose() => _listener.Dispose();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private MqttClientTcpOptions Options => new() { RemoteEndpoint = _listener.LocalEndPoint, BufferSize = 16 * 1024 };

    private async Task<(TcpChannel Channel, Socket Peer)> ConnectAsync()
    {
        var channel = new TcpChannel(Options);
        await channel.ConnectAsync(Cancellation).WaitAsync(Deadline, Cancellation);
        return (channel, await _listener.AcceptAsync(Cancellation));
    }

    private static Task WriteAsync(TcpChannel channel, byte[] bytes) =>
        channel.WriteAsync(new ReadOnlySequence<byte>(bytes), isEndOfPacket: true, CancellationToken.None);

    private static int Port(EndPoint? end) => Assert.IsType<IPEndPoint>(end).Port;

    [Fact]
    public async Task Bytes_come_and_go()
    {
        var (channel, peer) = await ConnectAsync();
        using var closing = channel;
        using var closingPeer = peer;
        await WriteAsync(channel, [1, 2, 3]);
        Assert.Equal(3, await peer.ReceiveAsync(_buffer, Cancellation));
        Assert.Equal([1, 2, 3], _buffer[..3]);

        for (byte i = 0; i < 100; i++)
        {
            var reading = channel.ReadAsync(_buffer, 10, 20, Cancellation);
            await peer.SendAsync(new[] { i }, Cancellation);
            Assert.Equal(1, await reading.WaitAsync(Deadline, Cancellation));
            Assert.Equal(i, _buffer[10]);
        }

        Assert.Equal(Port(peer.LocalEndPoint), Port(channel.RemoteEndPoint));
        Assert.Equal(Port(peer.RemoteEndPoint), Port(channel.LocalEndPoint));
    }

    [Fact]
    public async Task What_the_peer_does_not_read_waits_and_is_written_in_order()
    {
        var (channel, peer) = await ConnectAsync();
        using var closing = channel;
        using var closingPeer = peer;
        var bytes = new byte[16 * 1024 * 1024];
        new Random(1).NextBytes(bytes);
        var writing = WriteAsync(channel, bytes);
        Assert.False(writing.IsCompleted);
        var read = new byte[bytes.Length];
        for (var count = 0; count < read.Length;) count += await peer.ReceiveAsync(read.AsMemory(count), Cancellation);
        await writing.WaitAsync(Deadline, Cancellation);
        Assert.True(read.AsSpan().SequenceEqual(bytes));
    }

    [Fact]
    public async Task Closing_ends_a_read_and_a_write_that_are_under_way()
    {
        var (channel, peer) = await ConnectAsync();
        using var closingPeer = peer;
        var reading = channel.ReadAsync(_buffer, 0, 1, Cancellation);
        var writing = WriteAsync(channel, new byte[16 * 1024 * 1024]);
        Assert.False(writing.IsCompleted);
        channel.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => reading.WaitAsync(Deadline, Cancellation));
        await Assert.ThrowsAnyAsync<Exception>(() => writing.WaitAsync(Deadline, Cancellation));
        Assert.True(reading.IsFaulted && writing.IsFaulted);
        Assert.Throws<ObjectDisposedException>(() => { _ = channel.ReadAsync(_buffer, 0, 1, Cancellation); });
        await Assert.ThrowsAsync<ObjectDisposedException>(() => WriteAsync(channel, [1]));
    }

    [Fact]
    public async Task A_peer_that_closes_reads_as_nothing()
    {
        var (channel, peer) = await ConnectAsync();
        using var closing = channel;
        peer.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await channel.ReadAsync(_buffer, 0, 1, Cancellation).WaitAsync(Deadline, Cancellation));
        peer.Dispose();
    }

    [Fact]
    public async Task A_reset_is_told_as_one()
    {
        var (channel, peer) = await ConnectAsync();
        using var closing = channel;
        var reading = channel.ReadAsync(_buffer, 0, 1, Cancellation);
        peer.LingerState = new LingerOption(true, 0);
        peer.Dispose();
        var error = await Assert.ThrowsAsync<SocketException>(() => reading.WaitAsync(Deadline, Cancellation));
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    [Fact]
    public async Task A_cancelled_read_is_the_last_one()
    {
        var (channel, peer) = await ConnectAsync();
        using var closingPeer = peer;
        using var cancelling = new CancellationTokenSource();
        var reading = channel.ReadAsync(_buffer, 0, 1, cancelling.Token);
        await cancelling.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(Deadline, Cancellation));
        Assert.Throws<ObjectDisposedException>(() => { _ = channel.ReadAsync(_buffer, 0, 1, Cancellation); });
    }

    [Fact]
    public async Task Nobody_listening_is_an_error_of_the_socket()
    {
        var options = Options;
        _listener.Dispose();
        using var channel = new TcpChannel(options);
        var error = await Assert.ThrowsAsync<SocketException>(() => channel.ConnectAsync(Cancellation).WaitAsync(Deadline, Cancellation));
        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
    }

    [Fact]
    public async Task A_connect_that_hangs_can_be_cancelled()
    {
        using var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        full.Listen(0);
        using var first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await first.ConnectAsync(full.LocalEndPoint!, Cancellation);
        // The queue has one place. Nobody answers who comes now.
        using var channel = new TcpChannel(new() { RemoteEndpoint = full.LocalEndPoint });
        using var cancelling = new CancellationTokenSource();
        var connecting = channel.ConnectAsync(cancelling.Token);
        Assert.False(connecting.IsCompleted);
        await cancelling.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WaitAsync(Deadline, Cancellation));
    }

    [Fact]
    public async Task A_name_is_looked_up_and_a_local_end_is_taken()
    {
        var port = Port(_listener.LocalEndPoint);
        using var channel = new TcpChannel(new()
        {
            RemoteEndpoint = new DnsEndPoint("localhost", port),
            AddressFamily = AddressFamily.InterNetwork,
            LocalEndpoint = new IPEndPoint(IPAddress.Parse("127.0.0.1"), 0),
        });
        await channel.ConnectAsync(Cancellation).WaitAsync(Deadline, Cancellation);
        Assert.Equal(port, Port(channel.RemoteEndPoint));
    }

    [Fact]
    public async Task Only_who_reads_inline_goes_on_with_the_thread_that_reads()
    {
        var (channel, peer) = await ConnectAsync();
        using var closing = channel;
        using var closingPeer = peer;
        var reader = await ThreadOfAsync(channel.ReadInlineAsync(_buffer, 0, 0, Cancellation), peer);
        var other = await ThreadOfAsync(channel.ReadAsync(_buffer, 0, 1, Cancellation), peer);
        Assert.Equal("ReliableMqtt reader", reader.Name);
        Assert.NotEqual("ReliableMqtt reader", other.Name);
    }

    private static async Task<Thread> ThreadOfAsync(Task<int> reading, Socket peer)
    {
        var thread = reading.ContinueWith(_ => Thread.CurrentThread, Cancellation, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        await peer.SendAsync(new byte[] { 1 }, Cancellation);
        return await thread.WaitAsync(Deadline, Cancellation);
    }

    [Fact]
    public void Tls_a_stream_of_the_application_and_other_sockets_are_left_to_mqttnet()
    {
        Assert.True(TcpChannel.Serves(Options));
        Assert.True(TcpChannel.Serves(new() { RemoteEndpoint = new DnsEndPoint("broker", 1883), TlsOptions = new() { UseTls = false } }));
        Assert.False(TcpChannel.Serves(new() { RemoteEndpoint = new DnsEndPoint("broker", 8883), TlsOptions = new() { UseTls = true } }));
        Assert.False(TcpChannel.Serves(new() { RemoteEndpoint = new UnixDomainSocketEndPoint("/run/broker") }));
        Assert.False(TcpChannel.Serves(new() { RemoteEndpoint = new DnsEndPoint("broker", 1883), ProtocolType = ProtocolType.Unspecified }));
    }
}
