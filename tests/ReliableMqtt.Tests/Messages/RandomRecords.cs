using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Messages;

/// <summary>Messages with all that a PUBLISH can carry, at random.</summary>
internal static class RandomRecords
{
    private static readonly string[] Characters = ["a", "/", "é", "€", "😀", "Z"];

    /// <summary>The next one.</summary>
    public static LedgerRecord Next(Random random) => new()
    {
        Topic = RandomText(random, 1, 40),
        MessageId = random.Next(2) == 0 ? RandomText(random, 1, 60) : MessageId.ForSequence((ulong)random.NextInt64(), random.NextInt64(1, long.MaxValue)),
        Payload = new byte[random.Next(8) switch { 0 => 0, 1 => random.Next(20_000), _ => random.Next(300) }],
        QualityOfService = (MqttQualityOfServiceLevel)random.Next(3),
        Retain = random.Next(2) == 0,
        Properties = random.Next(3) == 0 ? null : RandomProperties(random),
    };

    private static MessageProperties RandomProperties(Random random) => new()
    {
        ContentType = Maybe(random, () => RandomText(random, 0, 20)),
        ResponseTopic = Maybe(random, () => RandomText(random, 0, 20)),
        CorrelationData = random.Next(2) == 0 ? null : new byte[random.Next(40)],
        PayloadFormatIndicator = (MqttPayloadFormatIndicator)random.Next(2),
        UserProperties = [.. Enumerable.Range(0, random.Next(4)).Select(_ =>
            new MqttUserProperty(RandomText(random, 0, 12), new byte[random.Next(200)]))],
    };

    private static string? Maybe(Random random, Func<string> make) => random.Next(2) == 0 ? null : make();

    private static string RandomText(Random random, int min, int max) =>
        string.Concat(Enumerable.Range(0, random.Next(min, max + 1)).Select(_ => Characters[random.Next(Characters.Length)]));
}
