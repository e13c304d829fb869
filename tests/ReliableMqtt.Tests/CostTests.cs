using System.Buffers;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using MQTTnet.Channel;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Mqtt;
using ReliableMqtt.Redis;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests;

/// <summary>What a message costs, counted on this thread and not timed, so that no busy machine can fail it. Bounds are a little above what was counted when they were set.</summary>
public sealed class CostTests(ITestOutputHelper output)
{
    private const int Messages = 256;

    private static readonly byte[] Payload = new byte[128];

    private static LedgerRecord Record(long sequence) => new()
    {
        Topic = "bench/topic",
        Payload = Payload,
        QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce,
        Sequence = sequence,
        MessageId = sequence == 0 ? default : MessageId.ForSequence(7, sequence),
        AcceptedAt = DateTimeOffset.UnixEpoch,
    };

    /// <summary>The bytes that one message takes, when everything has run before.</summary>
    private double BytesOf(Action run, string what)
    {
        for (var i = 0; i < 5; i++) run();
        var before = GC.GetAllocatedBytesForCurrentThread();
        run();
        var bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Messages;
        output.WriteLine($"{what}: {bytes:0.0} B a message");
        return bytes;
    }

    [Fact]
    public void A_publish_is_written_without_any_allocation()
    {
        using var channel = new BufferedChannel(new EndlessChannel([]));
        var packets = Enumerable.Range(1, Messages).Select(i => new OutboundPacket(new PacketId((ushort)i), Record(i))).ToArray();
        Assert.Equal(0, BytesOf(
            () =>
            {
                foreach (ref readonly var packet in packets.AsSpan()) channel.Append(packet, mqtt5: true);
                channel.FlushAsync().GetAwaiter().GetResult();
            },
            "writing"));
    }

    [Fact]
    public void An_ack_is_read_without_any_allocation()
    {
        var socket = new EndlessChannel([.. Enumerable.Range(1, Messages).SelectMany(i => (byte[])[0x40, 2, (byte)(i >> 8), (byte)i])]);
        using var channel = new BufferedChannel(socket);
        var taken = 0;
        Assert.InRange(
            BytesOf(
                () =>
                {
                    Assert.True(channel.FillAsync(CancellationToken.None).GetAwaiter().GetResult());
                    while (channel.TryTakeAck(mqtt5: true, out _)) taken++;
                },
                "reading"),
            0, 2);
        Assert.Equal(6 * Messages, taken);
    }

    [Fact]
    public void The_arguments_of_a_commit_take_nothing()
    {
        var commit = new LedgerCommit
        {
            Epoch = new LedgerEpoch("token"),
            Operation = 1,
            ExpectedTail = Messages,
            At = DateTimeOffset.UnixEpoch,
            Appends = [.. Enumerable.Range(1, Messages).Select(i => new AppendOp(Record(Messages + i), new PacketId((ushort)i)))],
            Confirms = [.. Enumerable.Range(1, Messages).Select(i => new ConfirmOp(new PacketId((ushort)(Messages + i)), i, MessageId.ForSequence(7, i), 0))],
        };
        var options = new LedgerOpenOptions { PublisherId = "p" };
        Assert.InRange(BytesOf(() => CommitArguments.Of(commit, options, isOutOfMemory: false, []).GiveBack(), "arguments"), 0, 4);
    }

    [Fact]
    public void What_a_call_its_message_and_its_receipt_take_is_bounded()
    {
        object?[] kept = new object?[Messages];
        Assert.InRange(BytesOf(() => Fill(i => new PublishCall(null!, throws: true)), "call and task"), 0, 192);
        Assert.InRange(BytesOf(() => Fill(i => Record(i + 1)), "record"), 0, 88);
        Assert.InRange(BytesOf(() => Fill(i => new PublishReceipt { Outcome = PublishOutcome.Confirmed, Attempts = 1, AcceptedAt = DateTimeOffset.UnixEpoch }), "receipt"), 0, 72);

        void Fill(Func<int, object> make)
        {
            for (var i = 0; i < kept.Length; i++) kept[i] = make(i);
        }
    }

    /// <summary>A socket that gives the same bytes again and again, and swallows what it is given.</summary>
    private sealed class EndlessChannel(byte[] incoming) : IMqttChannel
    {
        public X509Certificate2? ClientCertificate => null;

        public EndPoint? RemoteEndPoint => null;

        public EndPoint? LocalEndPoint => null;

        public bool IsSecureConnection => false;

        public Task ConnectAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task DisconnectAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            incoming.CopyTo(buffer, offset);
            return Task.FromResult(incoming.Length);
        }

        public Task WriteAsync(ReadOnlySequence<byte> buffer, bool isEndOfPacket, CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
        }
    }
}
