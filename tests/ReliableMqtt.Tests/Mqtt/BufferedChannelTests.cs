using System.Buffers;
using MQTTnet.Adapter;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Exceptions;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using ReliableMqtt.Mqtt;

namespace ReliableMqtt.Tests.Mqtt;

// Proves that many small reads and writes become few large ones, and that the stream is never corrupted by it.
public sealed class BufferedChannelTests : IDisposable
{
    private readonly FakeChannel _socket = new();
    private readonly BufferedChannel _channel;

    public BufferedChannelTests() => _channel = new BufferedChannel(_socket);

    public void Dispose() => _channel.Dispose();

    private Task WriteAsync(byte[] bytes, bool end = true) => _channel.WriteAsync(new ReadOnlySequence<byte>(bytes), end, CancellationToken.None);

    [Fact]
    public async Task Writes_leave_as_one_with_the_flush()
    {
        await WriteAsync([1, 2], end: false);
        await WriteAsync([3]);
        await WriteAsync([4, 5]);
        Assert.Empty(_socket.Writes);
        Assert.Equal(5, _channel.PendingBytes);

        await _channel.FlushAsync();
        await _channel.FlushAsync();

        var write = Assert.Single(_socket.Writes);
        Assert.Equal([1, 2, 3, 4, 5], write.Bytes);
        Assert.True(write.EndOfPacket);
        Assert.False(write.Cancellable);
    }

    [Fact]
    public async Task A_flush_inside_a_packet_does_not_end_the_web_socket_message()
    {
        await WriteAsync([1], end: false);
        await _channel.FlushAsync();
        await WriteAsync([2]);
        await _channel.FlushAsync();
        Assert.Equal([false, true], _socket.Writes.Select(write => write.EndOfPacket));
    }

    [Fact]
    public async Task A_large_write_goes_straight_after_what_was_there()
    {
        var large = new byte[BufferedChannel.DirectWriteThreshold + 1];
        large[0] = 9;
        await WriteAsync([1], end: false);
        await WriteAsync(large);
        Assert.Equal([1, large.Length], _socket.Writes.Select(write => write.Bytes.Length));
        Assert.Equal([false, true], _socket.Writes.Select(write => write.EndOfPacket));
        Assert.Equal(0, _channel.PendingBytes);
    }

    [Fact]
    public async Task What_is_written_during_a_flush_leaves_with_the_next_and_in_order()
    {
        var gate = new TaskCompletionSource();
        _socket.BeforeWrite = () => gate.Task;
        await WriteAsync([1]);
        var first = _channel.FlushAsync();
        for (byte i = 2; i < 100; i++) await WriteAsync([i]);
        var second = _channel.FlushAsync();
        Assert.False(first.IsCompleted);
        gate.SetResult();
        await Task.WhenAll(first, second);
        Assert.Equal(2, _socket.Writes.Count);
        Assert.Equal(Enumerable.Range(1, 99).Select(i => (byte)i), _socket.Writes.SelectMany(write => write.Bytes));
    }

    [Fact]
    public async Task A_failed_write_ends_all_writing()
    {
        _socket.BeforeWrite = () => throw new IOException("half of it is out");
        await WriteAsync([1]);
        await Assert.ThrowsAsync<IOException>(_channel.FlushAsync);
        _socket.BeforeWrite = null;
        await Assert.ThrowsAsync<MqttCommunicationException>(() => WriteAsync([2]));
        await Assert.ThrowsAsync<MqttCommunicationException>(_channel.FlushAsync);
        Assert.Empty(_socket.Writes);
    }

    [Fact]
    public async Task A_random_stream_comes_out_as_it_went_in()
    {
        const int seed = 20250101;
        var random = new Random(seed);
        var expected = new List<byte>();
        for (var i = 0; i < 500; i++)
        {
            var bytes = new byte[random.Next(20) == 0 ? random.Next(60_000, 80_000) : random.Next(1, 400)];
            random.NextBytes(bytes);
            expected.AddRange(bytes);
            await WriteAsync(bytes, random.Next(2) == 0);
            if (random.Next(5) == 0) await _channel.FlushAsync();
        }

        await _channel.FlushAsync();
        Assert.True(expected.SequenceEqual(_socket.Writes.SelectMany(write => write.Bytes)), $"seed {seed}");
    }

    [Fact]
    public async Task Many_acks_cost_one_read()
    {
        _socket.Incoming.Enqueue([.. Enumerable.Range(1, 100).SelectMany(i => new byte[] { 0x40, 2, 0, (byte)i })]);
        using var adapter = new MqttChannelAdapter(
            _channel, new MqttPacketFormatterAdapter(MqttProtocolVersion.V311, new MqttBufferWriter(4096, 65535)), MqttNetNullLogger.Instance);
        for (var i = 1; i <= 100; i++)
        {
            var ack = Assert.IsType<MqttPubAckPacket>(await adapter.ReceivePacketAsync(CancellationToken.None));
            Assert.Equal(i, ack.PacketIdentifier);
        }

        Assert.Equal(1, _socket.Reads);
        Assert.Null(await adapter.ReceivePacketAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_read_takes_no_more_than_it_asks_for_and_the_end_stays_the_end()
    {
        _socket.Incoming.Enqueue([1, 2, 3]);
        var buffer = new byte[10];
        Assert.Equal(2, await _channel.ReadAsync(buffer, 1, 2, CancellationToken.None));
        Assert.Equal(1, await _channel.ReadAsync(buffer, 3, 7, CancellationToken.None));
        Assert.Equal([0, 1, 2, 3], buffer[..4]);
        Assert.Equal(0, await _channel.ReadAsync(buffer, 0, 1, CancellationToken.None));
    }
}
