using System.Collections.Concurrent;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using MQTTnet.Server;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.IntegrationTests.Mqtt;

// Proves what the supervisor does for the session: recycling, clean starts, subscriptions, the client of the application.
public sealed class SupervisedSessionTests
{
    [Fact]
    public async Task An_overdue_ack_on_a_living_link_recycles_with_a_ping_and_a_disconnect()
    {
        await using var broker = new ScriptedBroker(
            number => new MqttConnAckPacket { IsSessionPresent = number > 1, RetainAvailable = true },
            packet => packet is MqttPingReqPacket ? MqttPingRespPacket.Instance : null);
        await using var fixture = new SupervisorFixture(broker.Port);
        var info = await fixture.StartAsync();

        fixture.Supervisor.Recycle(info.ConnectionId, RecycleReason.AckOverdue);
        fixture.Supervisor.Recycle(info.ConnectionId, RecycleReason.AckOverdue);
        await fixture.Connected(2);
        fixture.Supervisor.Recycle(info.ConnectionId, RecycleReason.AckOverdue);

        Assert.Equal(1, broker.Count<MqttPingReqPacket>());
        Assert.Equal(1, broker.Count<MqttDisconnectPacket>(1));
        Assert.Equal(["connected 1", "lost 1", "connected 2"], fixture.Sink.Calls);
    }

    [Fact]
    public async Task An_overdue_ack_on_a_dead_link_recycles_after_the_ping_timeout()
    {
        await using var broker = new ScriptedBroker(_ => new MqttConnAckPacket { RetainAvailable = true }, _ => null);
        await using var fixture = new SupervisorFixture(broker.Port, change: options => options with { AckTimeout = TimeSpan.FromSeconds(1) });
        var info = await fixture.StartAsync();

        fixture.Supervisor.Recycle(info.ConnectionId, RecycleReason.AckOverdue);
        await fixture.Connected(2);
        Assert.Equal(0, broker.Count<MqttDisconnectPacket>());
    }

    [Fact]
    [Conformance(19)]
    public async Task A_clean_start_of_mqtt_5_wipes_with_a_connection_whose_session_ends_with_it()
    {
        await using var broker = new ScriptedBroker(_ => new MqttConnAckPacket { RetainAvailable = true }, _ => null);
        await using var fixture = new SupervisorFixture(broker.Port);
        fixture.Sink.CleanStart = true;
        await fixture.StartAsync();

        fixture.Sink.CleanStart = false;
        fixture.Supervisor.Recycle(1, RecycleReason.CleanStart);
        await fixture.Connected(2);

        var connects = broker.Received.Select(item => item.Packet).OfType<MqttConnectPacket>().ToArray();
        Assert.Equal([true, false, false], connects.Select(packet => packet.CleanSession));
        const uint Week = 7 * 24 * 3600;
        Assert.Equal([0, Week, Week], connects.Select(packet => packet.SessionExpiryInterval));
        Assert.Equal((1, 1), (broker.Count<MqttDisconnectPacket>(1), broker.Count<MqttDisconnectPacket>(2)));
        Assert.Equal(["connected 1", "lost 1", "connected 2"], fixture.Sink.Calls);
    }

    [Fact]
    [Conformance(19)]
    public async Task A_clean_start_of_mqtt_311_wipes_with_one_connection_and_stays_with_the_next()
    {
        await using var broker = new ScriptedBroker(_ => new MqttConnAckPacket(), _ => null, MqttProtocolVersion.V311);
        await using var fixture = new SupervisorFixture(broker.Port, builder => builder.WithProtocolVersion(MqttProtocolVersion.V311));
        fixture.Sink.CleanStart = true;
        await fixture.StartAsync();

        var connects = broker.Received.Select(item => item.Packet).OfType<MqttConnectPacket>().ToArray();
        Assert.Equal([true, false], connects.Select(packet => packet.CleanSession));
        Assert.Equal(1, broker.Count<MqttDisconnectPacket>(1));
        Assert.Equal(["connected 1"], fixture.Sink.Calls);
        Assert.Equal(MqttProtocolVersion.V311, fixture.Sink.Connections.Single().Protocol);
    }

    [Fact]
    public async Task Subscriptions_are_renewed_when_the_session_was_lost()
    {
        await using var broker = new ScriptedBroker(
            number => new MqttConnAckPacket { IsSessionPresent = number == 2, RetainAvailable = true },
            packet => packet is MqttSubscribePacket subscribe
                ? new MqttSubAckPacket { PacketIdentifier = subscribe.PacketIdentifier, ReasonCodes = [MqttSubscribeReasonCode.GrantedQoS1] } : null);
        await using var fixture = new SupervisorFixture(broker.Port);
        await fixture.StartAsync();
        await Eventually.True(() => fixture.Supervisor.Client.IsConnected);
        await fixture.Supervisor.Client.SubscribeAsync(
            "a/+", MqttQualityOfServiceLevel.AtLeastOnce, TestContext.Current.CancellationToken);

        broker.Peers[1].Dispose();
        await fixture.Connected(2);
        broker.Peers[2].Dispose();
        await fixture.Connected(3);

        await Eventually.True(() => broker.Count<MqttSubscribePacket>(3) == 1);
        Assert.Equal(0, broker.Count<MqttSubscribePacket>(2));
        var renewal = (MqttSubscribePacket)broker.Received.Last(item => item.Packet is MqttSubscribePacket).Packet;
        Assert.Equal("a/+", renewal.TopicFilters.Single().Topic);
        Assert.InRange(renewal.PacketIdentifier, 0xF000, 0xFFFF);
    }

    [Fact]
    public async Task A_handler_that_never_returns_does_not_hold_up_the_next_connection()
    {
        var entered = new TaskCompletionSource();
        await using var broker = new ScriptedBroker(_ => new MqttConnAckPacket { RetainAvailable = true }, _ => null);
        await using var fixture = new SupervisorFixture(broker.Port, change: options => options with
        {
            ConfigureClient = client =>
            {
                client.ApplicationMessageReceivedAsync += _ =>
                {
                    entered.TrySetResult();
                    return new TaskCompletionSource().Task;
                };
                client.ConnectedAsync += _ => throw new InvalidOperationException("a handler's own failure");
            },
        });
        await fixture.StartAsync();
        await broker.Peers[1].SendPacketAsync(new MqttPublishPacket { Topic = "t" }, TestContext.Current.CancellationToken);
        await entered.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        broker.Peers[1].Dispose();
        await fixture.Connected(2);
    }

    [Fact]
    public async Task A_message_whose_handler_is_done_when_the_connection_has_ended_is_not_handed_over_again()
    {
        var handled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var calls = 0;
        SupervisorFixture? current = null;
        await using var broker = new ScriptedBroker(
            number =>
            {
                if (number == 2) handled.Task.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
                return new MqttConnAckPacket { IsSessionPresent = number == 2, RetainAvailable = true };
            },
            _ => null);
        await using var fixture = current = new SupervisorFixture(broker.Port, change: options => options with
        {
            ConfigureClient = client => client.ApplicationMessageReceivedAsync += async _ =>
            {
                if (++calls > 1) return;
                broker.Peers[1].Dispose();
                await Eventually.True(() => current!.Sink.Calls.Contains("lost 1"));
                handled.SetResult();
            },
        });
        await fixture.StartAsync();
        await SendAsync(1, dup: false);
        await fixture.Connected(2);
        await SendAsync(2, dup: true);
        await Eventually.True(() => broker.Count<MqttPubRecPacket>(2) == 1);
        Assert.Equal(1, calls);

        Task SendAsync(int connection, bool dup) => broker.Peers[connection].SendPacketAsync(
            new MqttPublishPacket { Topic = "t", PacketIdentifier = 7, Dup = dup, QualityOfServiceLevel = MqttQualityOfServiceLevel.ExactlyOnce },
            TestContext.Current.CancellationToken);
    }

    [Fact]
    [Conformance(14)]
    public async Task Stopping_says_goodbye_and_keeps_the_session()
    {
        await using var broker = new ScriptedBroker(_ => new MqttConnAckPacket { RetainAvailable = true }, _ => null);
        var fixture = new SupervisorFixture(broker.Port);
        await fixture.StartAsync();
        await fixture.DisposeAsync();

        await Eventually.True(() => broker.Count<MqttDisconnectPacket>() == 1);
        var goodbye = (MqttDisconnectPacket)broker.Received.Last().Packet;
        Assert.Equal(MqttDisconnectReasonCode.NormalDisconnection, goodbye.ReasonCode);
        Assert.Equal(["connected 1", "lost 1"], fixture.Sink.Calls);
        Assert.Equal(ConnectionState.Stopped, fixture.Supervisor.State);
        Assert.False(await fixture.Supervisor.PublishAtMostOnceAsync(SupervisorFixture.Record("t", MqttQualityOfServiceLevel.AtMostOnce)));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => fixture.Supervisor.ReconnectAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_client_receives_qos_2_and_publishes_qos_0_on_the_same_connection()
    {
        var received = new ConcurrentQueue<string>();
        await using var broker = await TestBroker.StartAsync();
        await using var fixture = new SupervisorFixture(broker.Port, change: options => options with
        {
            ConfigureClient = client => client.ApplicationMessageReceivedAsync += args =>
            {
                received.Enqueue($"{args.ApplicationMessage.Topic} {args.ApplicationMessage.QualityOfServiceLevel}");
                return Task.CompletedTask;
            },
        });
        await fixture.StartAsync();
        await Eventually.True(() => fixture.Supervisor.Client.IsConnected);
        await fixture.Supervisor.Client.SubscribeAsync(
            "in/#", MqttQualityOfServiceLevel.ExactlyOnce, TestContext.Current.CancellationToken);

        fixture.Send(1, "in/2", MqttQualityOfServiceLevel.ExactlyOnce);
        await fixture.Supervisor.Client.PublishStringAsync("in/0", "x", cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(await fixture.Supervisor.PublishAtMostOnceAsync(SupervisorFixture.Record("in/raw", MqttQualityOfServiceLevel.AtMostOnce)));

        await Eventually.True(() => received.Count == 3);
        Assert.Equal(["in/0 AtMostOnce", "in/2 ExactlyOnce", "in/raw AtMostOnce"], received.Order());
    }

    [Fact]
    public async Task A_large_payload_and_a_burst_of_small_ones_arrive_whole_and_in_order()
    {
        var received = new ConcurrentQueue<(string Topic, long Length)>();
        await using var broker = await TestBroker.StartAsync(server => server.InterceptingPublishAsync += args =>
        {
            received.Enqueue((args.ApplicationMessage.Topic, args.ApplicationMessage.Payload.Length));
            return Task.CompletedTask;
        });
        await using var fixture = new SupervisorFixture(broker.Port);
        var info = await fixture.StartAsync();

        var packets = Enumerable.Range(1, 500).Select(i => new OutboundPacket(
            new PacketId((ushort)i),
            SupervisorFixture.Record($"t/{i}", MqttQualityOfServiceLevel.AtLeastOnce) with { Payload = new byte[i % 50 == 0 ? 200_000 : i] })).ToArray();
        fixture.Supervisor.Send(info.ConnectionId, packets);

        await Eventually.True(() => fixture.Sink.Acks.Count == 500);
        Assert.Equal(packets.Select(packet => (packet.Record!.Topic, (long)packet.Record.Payload.Length)), received);
    }
}
