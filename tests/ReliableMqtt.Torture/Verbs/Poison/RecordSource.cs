using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Torture.Verbs.Poison;

/// <summary>Good records of every shape: with and without an id, an expiry, properties; empty, small and of some kilobytes.</summary>
internal sealed class RecordSource(Random random)
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyzäöüßœλ/ 0123456789";
    private long _sequence;

    public LedgerRecord Next()
    {
        _sequence += random.Next(1, 4);
        var acceptedAt = DateTimeOffset.FromUnixTimeMilliseconds(random.NextInt64(1_700_000_000_000, 2_000_000_000_000));
        return new LedgerRecord
        {
            Sequence = _sequence,
            MessageId = random.Next(2) == 0 ? MessageId.ForSequence(4711, _sequence) : new MessageId($"{Text(random.Next(1, 60))}{_sequence}"),
            Topic = $"t{Text(random.Next(60))}",
            Payload = Bytes(random.Next(4) == 0 ? random.Next(4096) : random.Next(256)),
            QualityOfService = (MqttQualityOfServiceLevel)random.Next(1, 3),
            Retain = random.Next(4) == 0,
            AcceptedAt = acceptedAt,
            ExpiresAt = random.Next(4) == 0 ? acceptedAt.AddSeconds(random.Next(1, 100_000)) : null,
            Refusals = random.Next(4) == 0 ? random.Next(1000) : 0,
            Properties = random.Next(3) == 0 ? Properties() : null,
        };
    }

    private MessageProperties Properties() => new()
    {
        ContentType = random.Next(2) == 0 ? Text(random.Next(20)) : null,
        ResponseTopic = random.Next(2) == 0 ? $"r{Text(random.Next(20))}" : null,
        CorrelationData = random.Next(2) == 0 ? Bytes(random.Next(40)) : default(ReadOnlyMemory<byte>?),
        PayloadFormatIndicator = (MqttPayloadFormatIndicator)random.Next(2),
        UserProperties = [.. Enumerable.Range(0, random.Next(6)).Select(_ => new MqttUserProperty(Text(random.Next(20)), Bytes(random.Next(40)).AsMemory()))],
    };

    private string Text(int length) => string.Create(length, random, static (span, random) =>
    {
        foreach (ref var letter in span) letter = Letters[random.Next(Letters.Length)];
    });

    private byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
