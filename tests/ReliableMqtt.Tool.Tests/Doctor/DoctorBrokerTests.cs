using System.Buffers;
using System.Text;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Mqtt;
using ReliableMqtt.Tool.Doctor;

namespace ReliableMqtt.Tool.Tests.Doctor;

/// <summary>The doctor on real brokers, each with something wrong, and on one that does as it is told.</summary>
public sealed class DoctorBrokerTests
{
    private static readonly string[] Unlooked = ["ledger"];

    [Fact]
    public async Task A_broker_that_keeps_sessions_and_lets_us_in_is_well()
    {
        await using var broker = await GuardedBroker.StartAsync();
        var run = await DoctorRun.RunAsync("--broker", broker.Address, "--topic", "plant/7/temperature");
        Assert.Equal(
            ["broker", "mqtt-version", "session-expiry", "session-kept", "receive-maximum", "maximum-qos", "maximum-packet-size", "retain", "topic"], run.Findings.Select(finding => finding.Check).Except(Unlooked));
        Assert.All(run.Findings.Where(finding => !Unlooked.Contains(finding.Check)), finding => Assert.Equal((finding.What, Level.Ok), (finding.What, finding.Level)));
        Assert.Contains("nobody subscribes", run.Of("topic").What, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, run.Code);
        Assert.DoesNotContain("right-pa55word", run.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("5", "not authorized (0x87)")]
    [InlineData("3.1.1", "not authorized (0x87)")]
    public async Task A_wrong_password_is_found(string version, string what)
    {
        await using var broker = await GuardedBroker.StartAsync();
        var run = await DoctorRun.RunAsync("--broker", broker.With("wrong-pa55word"), "--mqtt", version);
        run.HasProblem("broker-credentials", what, "Correct user name and password");
        Assert.DoesNotContain("wrong-pa55word", run.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_topic_that_the_access_list_refuses_is_found()
    {
        await using var broker = await GuardedBroker.StartAsync();
        var run = await DoctorRun.RunAsync("--broker", broker.Address, "--topic", "forbidden/alarm");
        run.HasProblem("topic", "'forbidden/alarm' is refused: not authorized (0x87)", "topic write forbidden/alarm");
        Assert.Contains("reliable-mqtt replay --reason-code 0x87", run.Of("topic").Change, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_MQTT_3_1_1_a_refused_topic_cannot_be_told_which_is_said()
    {
        await using var broker = await GuardedBroker.StartAsync();
        var run = await DoctorRun.RunAsync("--broker", broker.Address, "--topic", "forbidden/alarm", "--mqtt", "3.1.1");
        run.IsWell(Level.Warning);
        Assert.Contains("says nothing", run.Of("topic").What, StringComparison.Ordinal);
        Assert.Equal(Level.Ok, run.Of("session-kept").Level);
    }

    [Fact]
    public async Task A_configured_session_expiry_of_0_is_found()
    {
        await using var broker = await GuardedBroker.StartAsync();
        var run = await DoctorRun.RunAsync("--broker", broker.Address, "--session-expiry", "0s");
        run.HasProblem("session-expiry-asked", "session expiry of 0 s", "Set ReliablePublisherOptions.SessionExpiry");
        Assert.Equal(Level.Ok, run.Of("session-kept").Level);
    }

    [Fact]
    public async Task A_broker_that_grants_0_is_found()
    {
        // MQTTnet writes no property of value 0; to the client it is the same, and the session that is gone tells.
        await using var broker = new ScriptedBroker(_ => Keeping(1), Acknowledge);
        var run = await RunAsync(broker);
        run.HasProblem("session-expiry", "0 s where 7 days were asked for", "Raise the broker's limit");
        run.HasProblem("session-kept", "the session was gone", "Let the broker keep sessions");
    }

    [Fact]
    public async Task A_broker_that_grants_less_is_found_with_all_its_limits()
    {
        await using var broker = new ScriptedBroker(
            connection => new MqttConnAckPacket
            {
                IsSessionPresent = connection > 1,
                SessionExpiryInterval = 30,
                ReceiveMaximum = 1,
                MaximumQoS = MqttQualityOfServiceLevel.AtLeastOnce,
                MaximumPacketSize = 1_000,
                RetainAvailable = false,
            },
            Acknowledge);
        var run = await RunAsync(broker);
        run.HasProblem("session-expiry", "30 s where 7 days were asked for", "Raise the broker's limit");
        Assert.All(["receive-maximum", "maximum-qos", "maximum-packet-size", "retain"], check => Assert.Equal((check, Level.Warning), (check, run.Of(check).Level)));
    }

    [Fact]
    public async Task It_has_a_client_id_of_its_own_publishes_only_what_it_is_told_and_leaves_no_session_behind()
    {
        await using var broker = new ScriptedBroker(connection => Keeping(connection), Acknowledge);
        var run = await RunAsync(broker, "--topic", "plant/7/alarm");
        Assert.Equal(Level.Ok, run.Of("topic").Level);
        var connects = broker.Received.Select(item => item.Packet).OfType<MqttConnectPacket>().ToList();
        Assert.Equal(6, connects.Count);
        Assert.All(connects, connect => Assert.StartsWith("reliable-mqtt-doctor-", connect.ClientId, StringComparison.Ordinal));
        Assert.Equal([(false, 604_800u), (false, 604_800u), (true, 0u)], connects.Take(3).Select(connect => (connect.CleanSession, connect.SessionExpiryInterval)));
        var message = broker.Received.Select(item => item.Packet).OfType<MqttPublishPacket>().First();
        Assert.Equal(("plant/7/alarm", 1, false, 60u), (message.Topic, (int)message.QualityOfServiceLevel, message.Retain, message.MessageExpiryInterval));
        Assert.Equal(BrokerProbe.Payload, Encoding.UTF8.GetString(message.Payload.ToArray()));

        var before = broker.Count<MqttPublishPacket>();
        await RunAsync(broker);
        Assert.Equal(before, broker.Count<MqttPublishPacket>());
    }

    [Fact]
    public async Task A_broker_that_ends_the_connection_in_place_of_a_refusal_is_found()
    {
        await using var broker = new ScriptedBroker(
            connection => Keeping(connection),
            packet => packet is MqttPublishPacket ? new MqttDisconnectPacket { ReasonCode = MqttDisconnectReasonCode.NotAuthorized } : null);
        (await RunAsync(broker, "--topic", "plant/7/alarm")).HasProblem("topic", "the broker has ended the connection", "access list");
    }

    [Fact]
    public async Task Tls_is_trusted_only_with_the_authority_that_is_given()
    {
        using var authority = new TestAuthority();
        var certificate = authority.Issue("127.0.0.1");
        await using var broker = await MosquittoBroker.StartAsync(new MosquittoSettings
        {
            ExtraLines = [$"cafile {certificate.AuthorityFile}", $"certfile {certificate.CertificateFile}", $"keyfile {certificate.KeyFile}"],
        });
        var address = $"mqtts://127.0.0.1:{broker.Port}";
        (await DoctorRun.RunAsync("--broker", address)).HasProblem("broker-tls", "is not trusted", "--broker-ca FILE");
        (await DoctorRun.RunAsync("--broker", address, "--broker-ca", certificate.AuthorityFile)).IsWell(Level.Warning);
    }

    [Fact]
    public async Task A_broker_that_is_not_there_is_found()
    {
        int port;
        await using (var broker = await MosquittoBroker.StartAsync()) port = broker.Port;
        (await DoctorRun.RunAsync("--broker", $"mqtt://127.0.0.1:{port}")).HasProblem("broker", "cannot be reached", "Start the broker");
    }

    private static Task<DoctorRun> RunAsync(ScriptedBroker broker, params string[] args) => DoctorRun.RunAsync(["--broker", $"mqtt://127.0.0.1:{broker.Port}", .. args]);

    // A run has three connections, and the third one wipes the session.
    private static MqttConnAckPacket Keeping(int connection) => new()
    {
        IsSessionPresent = connection % 3 != 1,
        MaximumQoS = MqttQualityOfServiceLevel.ExactlyOnce,
        RetainAvailable = true,
    };

    private static MqttPubAckPacket? Acknowledge(MqttPacket packet) => packet is MqttPublishPacket publish ? new MqttPubAckPacket { PacketIdentifier = publish.PacketIdentifier } : null;
}
