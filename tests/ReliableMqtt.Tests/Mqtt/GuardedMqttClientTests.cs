using Microsoft.Extensions.Logging.Abstractions;
using MQTTnet;
using MQTTnet.Adapter;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Exceptions;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.Mqtt;

namespace ReliableMqtt.Tests.Mqtt;

// Proves that what would go past the ledger is refused, by whichever overload, and says what to call instead.
#pragma warning disable CA1001 // The client refuses to be disposed: that is one of the facts here.
public sealed class GuardedMqttClientTests
#pragma warning restore CA1001
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private readonly GuardedMqttClient _client = new(NullLogger.Instance, new IncomingQos2Ids());

    [Theory]
    [InlineData(MqttQualityOfServiceLevel.AtLeastOnce)]
    [InlineData(MqttQualityOfServiceLevel.ExactlyOnce)]
    public async Task A_publish_of_qos_1_or_2_is_refused(MqttQualityOfServiceLevel qos)
    {
        var message = new MqttApplicationMessageBuilder().WithTopic("t").WithQualityOfServiceLevel(qos).Build();
        await RefusedAsync("ReliablePublisher.PublishAsync", () => _client.PublishAsync(message));
        await RefusedAsync("ReliablePublisher.PublishAsync", () => _client.PublishStringAsync("t", "x", qos));
        await RefusedAsync("ReliablePublisher.PublishAsync", () => _client.PublishBinaryAsync("t", [1], qos));
    }

    [Fact]
    public async Task Connect_disconnect_and_dispose_are_refused()
    {
        await RefusedAsync("ReliablePublisher.ReconnectAsync", () => _client.ConnectAsync(new MqttClientOptions(), Token));
        await RefusedAsync("ReliablePublisher.DisposeAsync", () => _client.DisconnectAsync(new MqttClientDisconnectOptions(), Token));
        await RefusedAsync("ReliablePublisher.DisposeAsync", () => _client.DisconnectAsync(MqttClientDisconnectOptionsReason.NormalDisconnection, cancellationToken: Token));
        Assert.Contains("DisposeAsync", Assert.Throws<InvalidOperationException>(_client.Dispose).Message, StringComparison.Ordinal);
        Assert.False(await _client.TryDisconnectAsync());
    }

    [Fact]
    public async Task Before_the_first_connect_it_is_a_client_without_a_connection()
    {
        Assert.False(_client.IsConnected);
        Assert.Null(_client.Options);
        await Assert.ThrowsAsync<MqttClientNotConnectedException>(() => _client.PublishStringAsync("t", "x", cancellationToken: Token));
        await Assert.ThrowsAsync<MqttClientNotConnectedException>(() => _client.SubscribeAsync("t", cancellationToken: Token));
        Assert.False(await _client.TryPingAsync(Token));
    }

    [Fact]
    public async Task Handlers_hear_of_every_client_behind()
    {
        var heard = new List<string>();
        _client.ConnectingAsync += args =>
        {
            heard.Add(args.ClientOptions.ClientId);
            return Task.CompletedTask;
        };
        foreach (var id in new[] { "first", "second" })
        {
            var inner = new MqttClient(new NoAdapter(), MqttNetNullLogger.Instance);
            _client.Use(inner);
            await Assert.ThrowsAsync<NotSupportedException>(() => inner.ConnectAsync(
                new MqttClientOptionsBuilder().WithClientId(id).WithTcpServer("127.0.0.1", 1).Build(), Token));
            Assert.Equal(id, _client.Options!.ClientId);
        }

        Assert.Equal(["first", "second"], heard);
    }

    [Fact]
    public void What_was_granted_is_renewed_until_it_is_given_up()
    {
        var book = new SubscriptionBook();
        MqttTopicFilter[] filters = [new() { Topic = "a" }, new() { Topic = "b", QualityOfServiceLevel = MqttQualityOfServiceLevel.ExactlyOnce }, new() { Topic = "c" }];
        var request = new MqttClientSubscribeOptions { SubscriptionIdentifier = 4, TopicFilters = [.. filters] };
        book.OnSubscribed(request, new MqttClientSubscribeResult(1,
        [
            new(filters[0], MqttClientSubscribeResultCode.GrantedQoS0),
            new(filters[1], MqttClientSubscribeResultCode.GrantedQoS1),
            new(filters[2], MqttClientSubscribeResultCode.NotAuthorized),
        ], "", []));
        book.OnSubscribed(new MqttClientSubscribeOptions { TopicFilters = [new() { Topic = "d" }] }, new MqttClientSubscribeResult(
            2, [new(new MqttTopicFilter { Topic = "d" }, MqttClientSubscribeResultCode.GrantedQoS2)], "", []));
        book.OnUnsubscribed(new MqttClientUnsubscribeResult(3,
        [
            new("a", MqttClientUnsubscribeResultCode.Success),
            new("d", MqttClientUnsubscribeResultCode.NotAuthorized),
        ], "", []));

        var renewals = book.Renewals();
        Assert.Equal([(4u, "b"), (0u, "d")], renewals.Select(renewal => (renewal.SubscriptionIdentifier, renewal.TopicFilters.Single().Topic)));
        Assert.Equal(MqttQualityOfServiceLevel.ExactlyOnce, renewals[0].TopicFilters[0].QualityOfServiceLevel);
    }

    private static async Task RefusedAsync(string instead, Func<Task> call) =>
        Assert.Contains(instead, (await Assert.ThrowsAsync<InvalidOperationException>(call)).Message, StringComparison.Ordinal);

    private sealed class NoAdapter : IMqttClientAdapterFactory
    {
        public IMqttChannelAdapter CreateClientAdapter(MqttClientOptions options, MqttPacketInspector packetInspector, IMqttNetLogger logger) =>
            throw new NotSupportedException("no network in this test");
    }
}
