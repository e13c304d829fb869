using System.Collections.Concurrent;
using System.Text;
using MQTTnet;
using MQTTnet.Formatter;
using ReliableMqtt.Deduplication;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Deduplication;

/// <summary>A plain client of MQTTnet's with a session that lasts, subscribed to everything, on a line of its own that can be cut. Behind it a handler notes payloads.</summary>
internal sealed class ReceivingRig : IAsyncDisposable
{
    private readonly IMqttClient _client = new MqttClientFactory().CreateMqttClient();
    private readonly ConcurrentQueue<string> _handled = new();
    private readonly MqttClientOptions _options;

    private ReceivingRig(int port, ProcessedMessageStore store, Func<ReceivedMessage, CancellationToken, Task>? then, ushort receiveMaximum)
    {
        Line = CuttingProxy.Start(port);
        _options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", Line.Port).WithProtocolVersion(MqttProtocolVersion.V500)
            .WithClientId("receiver").WithCleanStart(false).WithSessionExpiryInterval(3_600).WithReceiveMaximum(receiveMaximum).Build();
        Receiver = _client.UseDeduplication(
            store,
            async (received, cancel) =>
            {
                _handled.Enqueue(Encoding.UTF8.GetString(received.Message.Payload));
                if (then is not null) await then(received, cancel);
            },
            new DeduplicationOptions { ClaimTimeout = TimeSpan.FromSeconds(1), ShutdownTimeout = TimeSpan.Zero });
    }

    public CuttingProxy Line { get; }

    public DeduplicatedReceiver Receiver { get; }

    /// <summary>The payloads that the handler was called with, in their order.</summary>
    public IReadOnlyList<string> Handled => [.. _handled];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<ReceivingRig> StartAsync(int port, ProcessedMessageStore store, Func<ReceivedMessage, CancellationToken, Task>? then = null, ushort receiveMaximum = 100)
    {
        var rig = new ReceivingRig(port, store, then, receiveMaximum);
        var connected = await rig._client.ConnectAsync(rig._options, Cancel);
        if (!connected.IsSessionPresent)
            await rig._client.SubscribeAsync(new MqttClientSubscribeOptionsBuilder().WithTopicFilter(filter => filter.WithTopic("#").WithExactlyOnceQoS()).Build(), Cancel);
        return rig;
    }

    /// <summary>Connects after the connection was lost; the broker has kept the session.</summary>
    public async Task ConnectAgainAsync()
    {
        await Eventually.Async(() => !_client.IsConnected, "the client notices that its connection is lost");
        // MqttClient may still be closing the last one.
        await Eventually.Async(async () =>
        {
            try
            {
                return (await _client.ConnectAsync(_options, Cancel)).IsSessionPresent;
            }
            catch (InvalidOperationException)
            {
                return false;
            }
        }, "the client connects again to its session");
    }

    public async ValueTask DisposeAsync()
    {
        await Receiver.DisposeAsync();
        _client.Dispose();
        await Line.DisposeAsync();
    }
}
