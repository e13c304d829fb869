using System.Buffers;
using System.Text;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.LowLevelClient;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>A message as a subscriber got it.</summary>
/// <param name="MessageId">Its user property <see cref="MessageId.UserPropertyName"/>; null when it has none.</param>
/// <param name="Topic">Its topic.</param>
/// <param name="Payload">Its payload as text.</param>
/// <param name="Dup">The broker says that it may have handed it over before.</param>
public sealed record Delivery(string? MessageId, string Topic, string Payload, bool Dup = false);

/// <summary>
/// A subscriber that counts, in a session of its own that outlasts connections. It receives QoS 2 as the protocol asks, with packet ids kept
/// until PUBREL (MQTT 5 §4.3.3), so that a count above 1 is the publisher's or the broker's doing, never its own.
/// </summary>
public sealed class DeliveryCounter : IAsyncDisposable
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _subscribed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly object _gate = new();
    private readonly List<Delivery> _deliveries = [];
    private readonly HashSet<ushort> _unreleased = [];
    private readonly string _clientId = $"counter-{Guid.NewGuid():N}";
    private readonly int _port;
    private readonly string _topicFilter;
    private int _connections;
    private int _lostSessions;
    private Task _running = Task.CompletedTask;

    private DeliveryCounter(int port, string topicFilter) => (_port, _topicFilter) = (port, topicFilter);

    /// <summary>All deliveries so far, in their order.</summary>
    public IReadOnlyList<Delivery> Deliveries
    {
        get { lock (_gate) return [.. _deliveries]; }
    }

    public int Count
    {
        get { lock (_gate) return _deliveries.Count; }
    }

    /// <summary>How often it had to connect.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>How often the broker had forgotten its session: what was queued for it then is lost, and is no fault of the publisher.</summary>
    public int LostSessions => Volatile.Read(ref _lostSessions);

    /// <summary>Subscribes with QoS 2, and returns when the broker has confirmed it.</summary>
    public static async Task<DeliveryCounter> StartAsync(int port, string topicFilter = "#")
    {
        var counter = new DeliveryCounter(port, topicFilter);
        counter._running = counter.RunAsync();
        try
        {
            await counter._subscribed.Task.WaitAsync(TimeSpan.FromSeconds(30), Require.Cancellation);
        }
        catch
        {
            await counter.DisposeAsync();
            throw;
        }

        return counter;
    }

    /// <summary>How often each message id has come.</summary>
    public IReadOnlyDictionary<string, int> ByMessageId() =>
        Deliveries.Where(delivery => delivery.MessageId is not null).CountBy(delivery => delivery.MessageId!).ToDictionary();

    /// <summary>How often each payload has come.</summary>
    public IReadOnlyDictionary<string, int> ByPayload() => Deliveries.CountBy(delivery => delivery.Payload).ToDictionary();

    /// <summary>Waits until so many different payloads have come.</summary>
    public Task HasDistinctAsync(int count, TimeSpan? deadline = null) =>
        Eventually.Async(() => ByPayload().Count >= count, () => $"{count} different messages at the subscriber, which has {ByPayload().Count}", deadline);

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _running;
        _closing.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            using var client = new MqttClientFactory().CreateLowLevelMqttClient();
            try
            {
                await ServeAsync(client);
            }
            catch (Exception)
            {
                // Whatever ended the connection, the session is there for the next one.
                await Task.WhenAny(Task.Delay(RetryInterval, _closing.Token));
            }
        }
    }

    private async Task ServeAsync(ILowLevelMqttClient client)
    {
        var options = new MqttClientOptionsBuilder()
            .WithTcpServer("127.0.0.1", _port).WithProtocolVersion(MqttProtocolVersion.V500).WithClientId(_clientId).Build();
        // MQTTnet asks for a receive buffer of 8 KB. A burst fills it, and then the kernels trickle along by their window timers.
        ((MqttClientTcpOptions)options.ChannelOptions).BufferSize = 1 << 20;
        await client.ConnectAsync(options, _closing.Token);
        var connect = new MqttConnectPacket { ClientId = _clientId, CleanSession = false, SessionExpiryInterval = uint.MaxValue };
        await client.SendAsync(connect, _closing.Token);
        while (true) await AnswerAsync(client, await client.ReceiveAsync(_closing.Token));
    }

    private async Task AnswerAsync(ILowLevelMqttClient client, MqttPacket packet)
    {
        switch (packet)
        {
            case MqttConnAckPacket { ReasonCode: not MqttConnectReasonCode.Success } refusal:
                throw new InvalidOperationException($"The broker refuses the subscriber: {refusal.ReasonCode}.");
            case MqttConnAckPacket welcome:
                Interlocked.Increment(ref _connections);
                if (welcome.IsSessionPresent) break;
                _unreleased.Clear();
                if (_subscribed.Task.IsCompleted) Interlocked.Increment(ref _lostSessions);
                var filter = new MqttTopicFilterBuilder().WithTopic(_topicFilter).WithExactlyOnceQoS().Build();
                await client.SendAsync(new MqttSubscribePacket { PacketIdentifier = 1, TopicFilters = [filter] }, _closing.Token);
                break;
            case MqttSubAckPacket { ReasonCodes: [MqttSubscribeReasonCode.GrantedQoS2] }:
                _subscribed.TrySetResult();
                break;
            case MqttSubAckPacket refusal:
                _subscribed.TrySetException(new InvalidOperationException($"The broker grants {string.Join(',', refusal.ReasonCodes)}, not QoS 2."));
                break;
            case MqttPublishPacket { QualityOfServiceLevel: MqttQualityOfServiceLevel.ExactlyOnce } publish:
                if (_unreleased.Add(publish.PacketIdentifier)) Keep(publish);
                await client.SendAsync(new MqttPubRecPacket { PacketIdentifier = publish.PacketIdentifier }, _closing.Token);
                break;
            case MqttPublishPacket publish:
                Keep(publish);
                if (publish.QualityOfServiceLevel == MqttQualityOfServiceLevel.AtLeastOnce)
                    await client.SendAsync(new MqttPubAckPacket { PacketIdentifier = publish.PacketIdentifier }, _closing.Token);
                break;
            case MqttPubRelPacket release:
                _unreleased.Remove(release.PacketIdentifier);
                await client.SendAsync(new MqttPubCompPacket { PacketIdentifier = release.PacketIdentifier }, _closing.Token);
                break;
        }
    }

    private void Keep(MqttPublishPacket publish)
    {
        var messageId = publish.UserProperties?.Find(property => property.Name == MessageId.UserPropertyName)?.ReadValueAsString();
        var delivery = new Delivery(messageId, publish.Topic, Encoding.UTF8.GetString(publish.Payload.ToArray()), publish.Dup);
        lock (_gate) _deliveries.Add(delivery);
    }
}
