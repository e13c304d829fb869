using System.Buffers.Binary;
using System.Text;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;
using ReliableMqtt.Tests.Ledger;

namespace ReliableMqtt.Tests.Messages;

/// <summary>What is written as bytes is read again as it was, or is found to be damaged.</summary>
public class RecordCodecTests
{
    private const ulong Nonce = 0xFEDCBA9876543210;

    private static readonly LedgerRecord Plain = new()
    {
        Sequence = 17,
        MessageId = "alarm-4711",
        Topic = "t",
        Payload = new byte[] { 1, 2, 3 },
        QualityOfService = MqttQualityOfServiceLevel.ExactlyOnce,
        AcceptedAt = DateTimeOffset.FromUnixTimeMilliseconds(1_900_000_000_123),
    };

    private static readonly MessageProperties Full = new()
    {
        ContentType = "application/json",
        ResponseTopic = "plant/7/answer",
        CorrelationData = new byte[] { 0, 255, 7 },
        PayloadFormatIndicator = MqttPayloadFormatIndicator.CharacterData,
        UserProperties =
        [
            new MqttUserProperty("traceparent", Encoding.UTF8.GetBytes("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
            new MqttUserProperty("", Array.Empty<byte>()),
            new MqttUserProperty("twice", Encoding.UTF8.GetBytes("Grüße 🌡")),
            new MqttUserProperty("twice", new byte[200]),
        ],
    };

    public static TheoryData<string> Cases => [.. Records.Keys];

    private static Dictionary<string, LedgerRecord> Records { get; } = new()
    {
        ["plain"] = Plain,
        ["QoS 1"] = Plain with { QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce },
        ["retain"] = Plain with { Retain = true },
        ["expiry"] = Plain with { ExpiresAt = Plain.AcceptedAt.AddDays(400) },
        ["refusals"] = Plain with { Refusals = int.MaxValue },
        ["one refusal"] = Plain with { Refusals = 1 },
        ["times at their limits"] = Plain with { AcceptedAt = DateTimeOffset.UnixEpoch, ExpiresAt = DateTimeOffset.FromUnixTimeMilliseconds(253_402_300_799_999) },
        ["empty payload"] = Plain with { Payload = default },
        ["large payload"] = Plain with { Payload = new byte[300_000] },
        ["longest topic"] = Plain with { Topic = new string('x', 65_535) },
        ["unicode topic"] = Plain with { Topic = "Werk 7/Kühlung/温度/🌡" },
        ["longest id"] = Plain with { MessageId = new string('i', MessageId.MaxLength) },
        ["longest id in UTF-8"] = Plain with { MessageId = new string('温', MessageId.MaxLength) },
        ["id of two code units"] = Plain with { MessageId = "🌡" },
        ["automatic id of its own"] = Plain with { MessageId = MessageId.ForSequence(Nonce, 17) },
        ["automatic id of an earlier life"] = Plain with { MessageId = MessageId.ForSequence(Nonce, 16) },
        ["highest sequence"] = Plain with { Sequence = (1L << 53) - 1 },
        ["empty properties"] = Plain with { Properties = new MessageProperties() },
        ["empty values"] = Plain with { Properties = new MessageProperties { ContentType = "", ResponseTopic = "", CorrelationData = Array.Empty<byte>() } },
        ["content type alone"] = Plain with { Properties = new MessageProperties { ContentType = "text/plain" } },
        ["response topic alone"] = Plain with { Properties = new MessageProperties { ResponseTopic = "r" } },
        ["correlation data alone"] = Plain with { Properties = new MessageProperties { CorrelationData = new byte[20_000] } },
        ["300 user properties"] = Plain with { Properties = new MessageProperties { UserProperties = [.. Enumerable.Range(0, 300).Select(i => new MqttUserProperty($"n{i}", new[] { (byte)i }))] } },
        ["everything"] = Plain with { Retain = true, ExpiresAt = Plain.AcceptedAt.AddSeconds(1), Refusals = 3, Properties = Full },
    };

    [Fact]
    public void Of_a_damaged_record_sequence_and_id_are_guessed_as_far_as_they_are_there()
    {
        var bytes = RecordCodec.Encode(Plain);
        bytes[^1] ^= 1;
        Assert.Equal((17, "alarm-4711"), (RecordCodec.GuessSequence(bytes), RecordCodec.GuessApplicationId(bytes)));
        Assert.Equal("", RecordCodec.GuessApplicationId(RecordCodec.Encode(Plain with { MessageId = default })));
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(length < 9 ? 0 : 17, RecordCodec.GuessSequence(bytes.AsSpan(0, length)));
            Assert.Equal(length < 30 ? "" : "alarm-4711", RecordCodec.GuessApplicationId(bytes.AsSpan(0, length)));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_field_comes_back(string name)
    {
        var record = Records[name];
        var bytes = RecordCodec.Encode(record);
        Assert.Equal(RecordCodec.Measure(record), bytes.Length);
        var read = Decode(bytes);
        Assert.Equal(LedgerOwner.Describe(record), LedgerOwner.Describe(read));

        // Absent and empty are two things on the wire.
        Assert.Equal(record.Properties is null, read.Properties is null);
        Assert.Equal(record.Properties?.ContentType, read.Properties?.ContentType);
        Assert.Equal(record.Properties?.ResponseTopic, read.Properties?.ResponseTopic);
        Assert.Equal(record.Properties?.CorrelationData is null, read.Properties?.CorrelationData is null);
        Assert.Equal(record.Properties?.UserProperties.Count, read.Properties?.UserProperties.Count);
    }

    [Fact]
    public void The_trace_context_comes_back_as_text() =>
        Assert.Equal("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            Encoding.UTF8.GetString(Decode(RecordCodec.Encode(Records["everything"])).Properties!.UserProperties.Single(user => user.Name == "traceparent").ValueBuffer.Span));

    [Fact]
    public void The_automatic_id_of_its_own_sequence_is_not_stored_and_follows_the_stamp_of_the_store()
    {
        var accepted = Plain with { Sequence = 0, MessageId = default };
        var bytes = RecordCodec.Encode(accepted);
        Assert.Equal(bytes, RecordCodec.Encode(accepted with { MessageId = MessageId.ForSequence(Nonce, 99) }));
        foreach (var sequence in new[] { 1L, 255, 256, 1L << 40, (1L << 53) - 1 })
        {
            StampedSequence.Write(bytes.AsSpan(1), sequence);
            var read = Decode(bytes);
            Assert.Equal(sequence, read.Sequence);
            Assert.Equal(MessageId.ForSequence(Nonce, sequence), read.MessageId);
        }
    }

    [Theory]
    [InlineData("alarm-4711")]
    [InlineData("~fedcba9876543210-10")]
    public void An_id_that_is_stored_stays_under_another_stamp(string id)
    {
        var bytes = RecordCodec.Encode(Plain with { MessageId = id });
        StampedSequence.Write(bytes.AsSpan(1), 4_000);
        Assert.Equal((4_000, id), (Decode(bytes).Sequence, Decode(bytes).MessageId.Value));
    }

    [Fact]
    public void A_sequence_that_was_never_stamped_is_told() => Assert.Equal("has a damaged sequence", Problem(RecordCodec.Encode(Plain with { Sequence = 0 })));

    [Fact]
    public void Each_flipped_bit_of_the_sequence_is_found()
    {
        for (var bit = 8; bit < 72; bit++)
        {
            var bytes = RecordCodec.Encode(Plain);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal("has a damaged sequence", Problem(bytes));
        }
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("automatic id of its own")]
    [InlineData("everything")]
    public void Each_flipped_bit_outside_of_the_sequence_is_found(string name)
    {
        var bytes = RecordCodec.Encode(Records[name]);
        for (var bit = 0; bit < 8 * bytes.Length; bit++)
        {
            if (bit / 8 is >= 1 and <= 8) continue;
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(RecordCodec.TryDecode(bytes, Nonce, out var record, out var problem), $"bit {bit % 8} of byte {bit / 8}");
            Assert.Null(record);
            Assert.NotEmpty(problem);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Decode(bytes);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("everything")]
    public void A_record_of_any_other_length_is_found(string name)
    {
        var bytes = RecordCodec.Encode(Records[name]);
        for (var length = 0; length < bytes.Length; length++) Problem(bytes[..length]);
        Problem([.. bytes, 0]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(255)]
    public void Another_version_says_so(byte version)
    {
        var bytes = RecordCodec.Encode(Plain);
        bytes[0] = version;
        Assert.Equal($"has version {version}; this library reads version 1", Problem(bytes));
    }

    [Fact]
    public void Garbage_with_a_good_checksum_is_read_or_refused_and_never_throws()
    {
        const int seed = 4711;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var good = RecordCodec.Encode(Records["everything"]);
        var refused = 0;
        for (var round = 0; round < 50_000; round++)
        {
            byte[] bytes;
            if (round % 2 == 0)
            {
                // A good one with a few bytes changed, or cut off.
                bytes = good[..(random.Next(3) == 0 ? random.Next(20, good.Length) : good.Length)];
                for (var i = random.Next(1, 4); i > 0; i--) bytes[random.Next(17, bytes.Length)] = (byte)random.Next(256);
            }
            else
            {
                bytes = new byte[random.Next(20, 200)];
                random.NextBytes(bytes);
                (bytes[18], bytes[19]) = (0, (byte)random.Next(4));
                bytes[0] = RecordCodec.Version;
            }

            StampedSequence.Write(bytes.AsSpan(1), random.NextInt64(1, 1L << 53));
            Seal(bytes);
            if (!RecordCodec.TryDecode(bytes, Nonce, out _, out var problem)) refused++;
            else continue;
            Assert.StartsWith("has a good checksum and cannot be read all the same", problem, StringComparison.Ordinal);
        }

        Assert.True(refused > 1_000, $"Only {refused} were refused: this proves little.");
    }

    [Fact]
    public void Garbage_is_refused_and_never_throws()
    {
        const int seed = 815;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = new byte[random.Next(120)];
            random.NextBytes(bytes);
            if (bytes.Length > 0 && round % 2 == 0) bytes[0] = RecordCodec.Version;
            if (bytes.Length > 12 && round % 4 == 0) BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(9), bytes.Length);
            Problem(bytes);
        }
    }

    private static LedgerRecord Decode(byte[] bytes)
    {
        Assert.True(RecordCodec.TryDecode(bytes, Nonce, out var record, out var problem), problem);
        return record;
    }

    private static string Problem(byte[] bytes)
    {
        Assert.False(RecordCodec.TryDecode(bytes, Nonce, out var record, out var problem));
        Assert.Null(record);
        Assert.NotEmpty(problem);
        return problem;
    }

    private static void Seal(byte[] bytes)
    {
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(9), bytes.Length);
        var crc = Crc32C.Append(Crc32C.Start, bytes.AsSpan(0, 1));
        crc = Crc32C.Append(crc, bytes.AsSpan(9, 4));
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(13), Crc32C.Finish(Crc32C.Append(crc, bytes.AsSpan(17))));
    }
}
