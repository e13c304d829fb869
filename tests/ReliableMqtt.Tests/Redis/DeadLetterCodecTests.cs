using System.Buffers.Binary;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Redis;
using ReliableMqtt.Tests.Ledger;

namespace ReliableMqtt.Tests.Redis;

/// <summary>A dead letter comes back with its reason, and a damaged one is told from a good one.</summary>
public class DeadLetterCodecTests
{
    private const ulong Nonce = 5;
    private static readonly DateTimeOffset FailedAt = DateTimeOffset.FromUnixTimeMilliseconds(1_900_000_000_123);

    private static readonly LedgerRecord Record = new()
    {
        Sequence = 3,
        MessageId = "alarm",
        Topic = "t",
        Payload = new byte[] { 9 },
        QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce,
        AcceptedAt = FailedAt.AddSeconds(-1),
    };

    public static TheoryData<DeadLetterReason> Reasons =>
    [
        .. Enum.GetValues<DeadLetterCause>().Select(cause => new DeadLetterReason(cause, null, null)),
        new DeadLetterReason(DeadLetterCause.Rejected, 0x87, "not authorised"),
        new DeadLetterReason(DeadLetterCause.Rejected, 0, ""),
        new DeadLetterReason(DeadLetterCause.Rejected, 255, "Zugriff verweigert: ünïcode 🌡"),
        new DeadLetterReason(DeadLetterCause.Rejected, null, new string('x', 70_000)),
    ];

    [Theory]
    [MemberData(nameof(Reasons))]
    public void Reason_time_and_record_come_back(DeadLetterReason reason)
    {
        Assert.True(DeadLetterCodec.TryDecode(Encode(reason), Nonce, out var letter, out var problem), problem);
        Assert.Equal(reason, letter.Reason);
        Assert.Equal(FailedAt, letter.FailedAt);
        Assert.Equal(LedgerOwner.Describe(Record), LedgerOwner.Describe(letter.Record));
    }

    [Fact]
    public void The_record_stands_behind_the_header_untouched()
    {
        var header = DeadLetterCodec.EncodeHeader(new DeadLetterReason(DeadLetterCause.Rejected, 0x97, "quota"), FailedAt);
        Assert.Equal(header.Length, BinaryPrimitives.ReadInt32BigEndian(header));
        Assert.Equal(RecordCodec.Encode(Record), Encode(new DeadLetterReason(DeadLetterCause.Rejected, 0x97, "quota"))[header.Length..]);
    }

    [Fact]
    public void A_letter_of_any_other_length_is_found()
    {
        var bytes = Encode(new DeadLetterReason(DeadLetterCause.Rejected, 0x87, "no"));
        for (var length = 0; length < bytes.Length; length++) Problem(bytes[..length]);
        Problem([.. bytes, 0]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    public void A_header_whose_length_is_nonsense_is_found(int length)
    {
        var bytes = Encode(new DeadLetterReason(DeadLetterCause.Rejected, null, null));
        BinaryPrimitives.WriteInt32BigEndian(bytes, length);
        Assert.Equal("has no good header of a dead letter", Problem(bytes));
    }

    [Fact]
    public void Garbage_in_the_header_never_throws()
    {
        const int seed = 31;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var good = Encode(new DeadLetterReason(DeadLetterCause.Rejected, 0x87, "some words"));
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = good.ToArray();
            random.NextBytes(bytes.AsSpan(round % 2 == 0 ? 4 : 0, random.Next(1, 20)));
            DeadLetterCodec.TryDecode(bytes, Nonce, out _, out _);
        }
    }

    private static byte[] Encode(DeadLetterReason reason) => [.. DeadLetterCodec.EncodeHeader(reason, FailedAt), .. RecordCodec.Encode(Record)];

    private static string Problem(byte[] bytes)
    {
        Assert.False(DeadLetterCodec.TryDecode(bytes, Nonce, out var letter, out var problem));
        Assert.Null(letter);
        return problem;
    }
}
