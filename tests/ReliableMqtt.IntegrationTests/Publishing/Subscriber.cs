using System.Threading.Channels;
using MQTTnet;

namespace ReliableMqtt.IntegrationTests.Publishing;

/// <summary>A subscriber to everything that hands out whole messages.</summary>
internal sealed class Subscriber : IDisposable
{
    private readonly IMqttClient _client = new MqttClientFactory().CreateMqttClient();
    private readonly Channel<MqttApplicationMessage> _messages = Channel.CreateUnbounded<MqttApplicationMessage>();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<Subscriber> StartAsync(int port)
    {
        var subscriber = new Subscriber();
        subscriber._client.ApplicationMessageReceivedAsync += args => subscriber._messages.Writer.WriteAsync(args.ApplicationMessage).AsTask();
        await subscriber._client.ConnectAsync(new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", port).Build(), Cancel);
        var filter = new MqttTopicFilterBuilder().WithTopic("#").WithExactlyOnceQoS().WithRetainAsPublished().Build();
        await subscriber._client.SubscribeAsync(filter, Cancel);
        return subscriber;
    }

    /// <summary>Waits for the next message.</summary>
    public Task<MqttApplicationMessage> NextAsync() => _messages.Reader.ReadAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancel);

    public void Dispose() => _client.Dispose();
}
