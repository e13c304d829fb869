using System.Buffers;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;
using ReliableMqtt.Mqtt;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Mqtt;

/// <summary>Proves that packets of the session and of MqttClient share a connection without mixing.</summary>
public sealed class BufferedPacketsTests : IDisposable
{
    private static readonly byte[] PubRel7 = [0x62, 2, 0, 7];

    private readonly FakeChannel _socket = new();
    private readonly BufferedChannel _channel;

    public BufferedPacketsTests() => _channel = new BufferedChannel(_socket);

    public void Dispose() => _channel.Dispose();

    private Task WriteAsync(byte[] bytes, bool end) => _channel.WriteAsync(new ReadOnlySequence<byte>(bytes), end, CancellationToken.None);

    private void Append() => _channel.Append(new OutboundPacket(new PacketId(7), null), mqtt5: true);

    private byte[] Written => [.. _socket.Writes.SelectMany(write => write.Bytes)];

    [Fact]
    public async Task A_packet_of_ours_waits_for_the_other_half_of_another()
    {
        await WriteAsync([1], end: false);
        Append();
        await _channel.FlushAsync();
        Assert.Equal([1], Written);
        Assert.Equal(PubRel7.Length, _channel.PendingBytes);
        await WriteAsync([2], end: true);
        await _channel.FlushAsync();
        Assert.Equal([1, 2, .. PubRel7], Written);
        Assert.Equal([false, true], _socket.Writes.Select(write => write.EndOfPacket));
    }

    [Fact]
    public async Task A_packet_of_ours_waits_for_a_large_one_under_way()
    {
        var gate = new TaskCompletionSource();
        _socket.BeforeWrite = () => gate.Task;
        var large = new byte[BufferedChannel.DirectWriteThreshold + 1];
        var writing = WriteAsync(large, end: true);
        Append();
        gate.SetResult();
        await writing;
        await _channel.FlushAsync();
        Assert.Equal([.. large, .. PubRel7], Written);
    }

    [Fact]
    public async Task Packets_leave_in_the_order_in_which_they_came()
    {
        Append();
        await WriteAsync([1], end: true);
        Append();
        await _channel.FlushAsync();
        Assert.Equal([.. PubRel7, 1, .. PubRel7], Written);
        Assert.Equal(2 * PubRel7.Length, _channel.BytesAppended);
    }

    [Fact]
    public async Task A_packet_that_fails_leaves_nothing_behind()
    {
        var impossible = new LedgerRecord { Topic = new string('t', 70_000), MessageId = "id", QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce };
        Append();
        Assert.Throws<InvalidOperationException>(() => _channel.Append(new OutboundPacket(new PacketId(1), impossible), mqtt5: true));
        Append();
        await _channel.FlushAsync();
        Assert.Equal([.. PubRel7, .. PubRel7], Written);
    }

    [Theory]
    [InlineData(new byte[] { 0x40, 2, 0x12, 0x34 }, AckKind.PubAck, 0)]
    [InlineData(new byte[] { 0x50, 3, 0x12, 0x34, 0x97 }, AckKind.PubRec, 0x97)]
    [InlineData(new byte[] { 0x70, 4, 0x12, 0x34, 0x92, 0 }, AckKind.PubComp, 0x92)]
    public async Task An_ack_is_taken_whole(byte[] bytes, object kind, byte code)
    {
        _socket.Incoming.Enqueue([.. bytes, 0x40]);
        Assert.True(await _channel.FillAsync(CancellationToken.None));
        Assert.True(_channel.TryTakeAck(mqtt5: true, out var ack));
        Assert.Equal(new Ack((AckKind)kind, new PacketId(0x1234), code), ack);
        Assert.False(_channel.TryTakeAck(mqtt5: true, out _));
        Assert.Equal(bytes.Length, _channel.BytesTaken);
        var left = new byte[4];
        Assert.Equal(1, await _channel.ReadAsync(left, 0, 4, CancellationToken.None));
    }

    [Theory]
    [InlineData("a half", new byte[] { 0x40, 2, 0 }, true)]
    [InlineData("another half", new byte[] { 0x50, 3, 0, 1 }, true)]
    [InlineData("a reason string", new byte[] { 0x40, 8, 0, 1, 0x97, 4, 0x1F, 0, 1, 0x61 }, true)]
    [InlineData("properties", new byte[] { 0x40, 4, 0, 1, 0x97, 1, 0 }, true)]
    [InlineData("flags that are not allowed", new byte[] { 0x41, 2, 0, 1 }, true)]
    [InlineData("no packet id", new byte[] { 0x40, 1, 0, 1 }, true)]
    [InlineData("packet id 0", new byte[] { 0x40, 2, 0, 0 }, true)]
    [InlineData("a packet id of MqttClient", new byte[] { 0x40, 2, 0xF0, 0 }, true)]
    [InlineData("a code in MQTT 3.1.1", new byte[] { 0x40, 3, 0, 1, 0 }, false)]
    [InlineData("a PUBREL", new byte[] { 0x62, 2, 0, 1 }, true)]
    public async Task All_else_is_left_to_the_decoder(string what, byte[] bytes, bool mqtt5)
    {
        _socket.Incoming.Enqueue(bytes);
        Assert.True(await _channel.FillAsync(CancellationToken.None));
        Assert.False(_channel.TryTakeAck(mqtt5, out _), what);
        var left = new byte[bytes.Length];
        Assert.Equal(bytes.Length, await _channel.ReadAsync(left, 0, left.Length, CancellationToken.None));
        Assert.Equal(bytes, left);
    }

    [Fact]
    public async Task A_peer_that_closes_has_nothing_more() => Assert.False(await _channel.FillAsync(CancellationToken.None));
}
