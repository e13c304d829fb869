using MQTTnet.Packets;

namespace ReliableMqtt.IntegrationTests.Fixtures;

public sealed class MosquittoBrokerTests
{
    [Fact]
    public async Task It_announces_the_receive_maximum_it_was_given()
    {
        await using var broker = await MosquittoBroker.StartAsync(new MosquittoSettings { MaxInflightMessages = 7 });
        using var client = await RawClient.ConnectAsync(broker.Port, "a");
        Assert.Equal(7, client.ConnAck.ReceiveMaximum);
    }

    [Fact]
    public async Task A_session_outlasts_a_restart_on_the_same_port()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        var port = broker.Port;
        using (var before = await RawClient.ConnectAsync(port, "a"))
        {
            Assert.False(before.ConnAck.IsSessionPresent);
            await before.SendAsync(RawClient.Publish("t", "half done", 2, 9));
            await before.ReceiveAsync<MqttPubRecPacket>();
            await broker.StopAsync();
            Assert.False(broker.IsRunning);
            await before.EndsAsync();
        }

        await broker.RestartAsync();
        Assert.Equal(port, broker.Port);
        using var after = await RawClient.ConnectAsync(port, "a");
        Assert.True(after.ConnAck.IsSessionPresent);
        await after.SendAsync(new MqttPubRelPacket { PacketIdentifier = 9 });
        await after.ReceiveAsync<MqttPubCompPacket>();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_kill_loses_the_session_unless_each_change_is_saved(bool saveEachChange)
    {
        await using var broker = await MosquittoBroker.StartAsync(new MosquittoSettings { SaveEachChange = saveEachChange });
        using (var client = await RawClient.ConnectAsync(broker.Port, "a"))
        {
            await client.SendAsync(new MqttSubscribePacket { PacketIdentifier = 1, TopicFilters = [new MqttTopicFilter { Topic = "t" }] });
            await client.ReceiveAsync<MqttSubAckPacket>();
            await client.PublishExactlyOnceAsync("elsewhere", "m", 2);
            await broker.KillAsync();
        }

        await broker.RestartAsync();
        using var again = await RawClient.ConnectAsync(broker.Port, "a");
        Assert.Equal(saveEachChange, again.ConnAck.IsSessionPresent);
    }

    [Fact]
    public async Task Extra_lines_reach_its_configuration_and_a_bad_one_is_told_with_its_log()
    {
        await using var broker = await MosquittoBroker.StartAsync(new MosquittoSettings { ExtraLines = ["max_qos 1"] });
        using var client = await RawClient.ConnectAsync(broker.Port, "a");
        Assert.Equal(1, (int)client.ConnAck.MaximumQoS);
        Assert.Contains("New client connected", broker.ReadLog(), StringComparison.Ordinal);
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(
            () => MosquittoBroker.StartAsync(new MosquittoSettings { ExtraLines = ["nonsense 1"] }));
        Assert.Contains("nonsense", failure.Message, StringComparison.Ordinal);
    }
}
