using MQTTnet;
using ReliableMqtt.Deduplication;
using ReliableMqtt.Redis;

namespace Snippets;

/// <summary>Code of README.md, here so that it compiles.</summary>
internal static class Receiving
{
    public static async Task ReceiveAsync(IMqttClient client)
    {
        #region receiving
        var store = new RedisProcessedMessageStore("localhost:6379", receiverId: "stock");
        await using var receiver = client.UseDeduplication(store, (received, cancel) => HandleAsync(received.Message, cancel));
        #endregion
    }

    private static async Task HandleAsync(MqttApplicationMessage message, CancellationToken cancel) => await Task.Delay(message.Topic.Length, cancel);
}
