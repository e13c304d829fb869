using System.Collections.Concurrent;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using MQTTnet.Server;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.IntegrationTests.Mqtt;

// Proves that the supervisor keeps a connection to a real server, and that handshakes pass through it.
public sealed class ConnectionSupervisorTests
{
    [Fact]
    public async Task Acks_of_qos_1_and_2_come_back_to_the_session()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var fixture = new SupervisorFixture(broker.Port);
        var info = await fixture.StartAsync();

        fixture.Send(7);
        fixture.Send(9, qos: MqttQualityOfServiceLevel.ExactlyOnce);
        await Eventually.True(() => fixture.Sink.Acks.Count == 2);
        fixture.Supervisor.Send(info.ConnectionId, [new OutboundPacket(new PacketId(9), null)]);
        await Eventually.True(() => fixture.Sink.Acks.Count == 3);

        Assert.Contains(fixture.Sink.Acks, ack => ack is { Kind: AckKind.PubAck, PacketId.Value: 7 });
        Assert.Contains(fixture.Sink.Acks, ack => ack is { Kind: AckKind.PubRec, PacketId.Value: 9 });
        Assert.Contains(fixture.Sink.Acks, ack => ack is { Kind: AckKind.PubComp, PacketId.Value: 9 });
        Assert.Equal(65_535, info.ReceiveMaximum);
        Assert.False(info.SessionPresent);
    }

    [Fact]
    public async Task A_cut_connection_is_made_again_and_lost_is_told_before_connected()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var fixture = new SupervisorFixture(broker.Port);
        await fixture.StartAsync();

        await broker.Server.DisconnectClientAsync("publisher-1", MqttDisconnectReasonCode.NormalDisconnection);
        await fixture.Connected(2);
        fixture.Send(3);
        await Eventually.True(() => fixture.Sink.Acks.Count == 1);

        Assert.Equal(["connected 1", "lost 1", "connected 2", "ack 2"], fixture.Sink.Calls);
        Assert.True(fixture.Sink.Connections.Last().SessionPresent);
        Assert.Equal(1, fixture.Supervisor.Reconnects);
        Assert.Equal(
            [ConnectionState.Connected, ConnectionState.Disconnected, ConnectionState.Connected], fixture.Changes.Select(change => change.State));
    }

    [Fact]
    public async Task A_refusal_for_good_is_a_fault_that_is_retried_and_passes()
    {
        var refuse = true;
        await using var broker = await TestBroker.StartAsync(server => server.ValidatingConnectionAsync += args =>
        {
            if (Volatile.Read(ref refuse)) args.ReasonCode = MqttConnectReasonCode.NotAuthorized;
            return Task.CompletedTask;
        });
        await using var fixture = new SupervisorFixture(
            broker.Port, change: options => options with { FaultedRetryInterval = TimeSpan.FromMilliseconds(100) });
        fixture.Supervisor.Start();
        await Eventually.True(() => fixture.Supervisor.State == ConnectionState.Faulted);
        Assert.Equal((byte)0x87, fixture.Changes.Single().ReasonCode);
        Assert.Empty(fixture.Sink.Calls);

        Volatile.Write(ref refuse, false);
        await fixture.Connected(1);
    }

    [Fact]
    public async Task A_takeover_fences_until_a_reconnect_is_asked_for()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var fixture = new SupervisorFixture(broker.Port);
        await fixture.StartAsync();

        using var rival = await RawClient.ConnectAsync(broker.Port, "publisher-1");
        await Eventually.True(() => fixture.Supervisor.State == ConnectionState.Fenced);
        Assert.Equal((byte)0x8E, fixture.Changes.Last().ReasonCode);
        await rival.SendAsync(MqttPingReqPacket.Instance);
        await rival.ReceiveAsync<MqttPingRespPacket>();

        await fixture.Supervisor.ReconnectAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, fixture.Sink.Connections.Count);
    }

    [Fact]
    [Conformance(34)]
    public async Task A_server_keep_alive_is_obeyed_although_ours_is_off()
    {
        await using var broker = new ScriptedBroker(
            _ => new MqttConnAckPacket { ServerKeepAlive = 1, RetainAvailable = true }, packet => packet is MqttPingReqPacket ? MqttPingRespPacket.Instance : null);
        await using var fixture = new SupervisorFixture(broker.Port, builder => builder.WithNoKeepAlive());
        await fixture.StartAsync();

        await Eventually.True(() => broker.Count<MqttPingReqPacket>() >= 3);
        Assert.Equal(["connected 1"], fixture.Sink.Calls);
        Assert.Equal(ConnectionState.Connected, fixture.Supervisor.State);
    }

    [Fact]
    public async Task A_mute_peer_is_noticed_while_qos_0_is_published_into_it()
    {
        await using var broker = new ScriptedBroker(_ => new MqttConnAckPacket { RetainAvailable = true }, _ => null);
        await using var fixture = new SupervisorFixture(broker.Port, builder => builder.WithKeepAlivePeriod(TimeSpan.FromSeconds(1)));
        await fixture.StartAsync();

        await Eventually.True(() =>
        {
            _ = fixture.Supervisor.PublishAtMostOnceAsync(SupervisorFixture.Record("t", MqttQualityOfServiceLevel.AtMostOnce));
            return fixture.Sink.Connections.Count > 1;
        });
        Assert.Equal(["connected 1", "lost 1", "connected 2"], fixture.Sink.Calls.Take(3));
    }

    [Fact]
    public async Task A_broker_that_does_not_answer_the_connect_is_left_after_the_timeout()
    {
        var mute = new ConcurrentBag<int>();
        await using var broker = new ScriptedBroker(
            number =>
            {
                if (number > 1) return new MqttConnAckPacket { RetainAvailable = true };
                mute.Add(number);
                return null!;
            },
            _ => null);
        await using var fixture = new SupervisorFixture(broker.Port, change: options => options with { ConnectTimeout = TimeSpan.FromSeconds(1) });
        await fixture.StartAsync();

        Assert.Single(mute);
        Assert.Equal(["connected 1"], fixture.Sink.Calls);
    }
}
