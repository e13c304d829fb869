using System.Net;
using MQTTnet;
using MQTTnet.Formatter;
using ReliableMqtt.Mqtt;

namespace ReliableMqtt.Tests.Mqtt;

// Proves that the application's MQTT options cannot undo what the guarantees need.
public sealed class MqttOptionsFactoryTests
{
    private static MqttOptionsFactory Factory(Action<MqttClientOptionsBuilder> mqtt, TimeSpan? expiry = null) => new(new ReliablePublisherOptions
    {
        PublisherId = "p-1",
        Mqtt = mqtt,
        Ledger = null!,
        SessionExpiry = expiry ?? TimeSpan.FromDays(7),
    });

    private static Action<MqttClientOptionsBuilder> Server(Action<MqttClientOptionsBuilder>? more = null) => builder =>
    {
        builder.WithTcpServer("broker.example", 1883);
        more?.Invoke(builder);
    };

    [Fact]
    [Conformance(14)]
    public void The_session_is_asked_for_and_everything_else_is_left_alone()
    {
        var built = Factory(Server()).Create();
        Assert.Equal(("p-1", false, 604_800u), (built.ClientId, built.CleanSession, built.SessionExpiryInterval));
        Assert.Equal(MqttProtocolVersion.V500, built.ProtocolVersion);
        Assert.Equal(0u, built.MaximumPacketSize);
        var clean = Factory(Server()).Create(clean: true);
        Assert.Equal((true, 0u), (clean.CleanSession, clean.SessionExpiryInterval));
        Assert.Equal(1000u, Factory(Server(builder => builder.WithMaximumPacketSize(1000))).Create().MaximumPacketSize);
    }

    [Theory]
    [InlineData(60.0, 60u)]
    [InlineData(60.1, 61u)]
    [InlineData(1e10, uint.MaxValue)]
    public void The_session_expiry_is_rounded_up_and_bounded(double seconds, uint expected) =>
        Assert.Equal(expected, Factory(Server(), TimeSpan.FromSeconds(seconds)).Create().SessionExpiryInterval);

    [Fact]
    public void Undoing_the_session_is_an_error_that_names_what_was_undone()
    {
        Refused("client id", Server(builder => builder.WithClientId("other")));
        Refused("clean session", Server(builder => builder.WithCleanSession()));
        Refused("clean session", Server(builder => builder.WithCleanStart()));
        Refused("session expiry", Server(builder => builder.WithSessionExpiryInterval(0)));
        Refused("MQTT 3.1,", Server(builder => builder.WithProtocolVersion(MqttProtocolVersion.V310)));
        Refused("no valid MQTT options", _ => { });
        Refused("no valid MQTT options", Server(builder => builder.WithProtocolVersion(MqttProtocolVersion.V311).WithReceiveMaximum(5)));
    }

    [Fact]
    public void A_session_expiry_means_nothing_on_mqtt_311()
    {
        var built = Factory(Server(builder => builder.WithProtocolVersion(MqttProtocolVersion.V311).WithSessionExpiryInterval(0))).Create();
        Assert.False(built.CleanSession);
    }

    [Fact]
    public void The_delegate_runs_again_for_each_connect()
    {
        var run = 0;
        var factory = Factory(Server(builder => builder.WithCredentials($"user-{++run}", "secret")));
        Assert.Equal(["user-1", "user-2"], new[] { factory.Create(), factory.Create() }.Select(built => built.Credentials.GetUserName(built)));
    }

    [Theory]
    [InlineData("broker.example", false, true)]
    [InlineData("broker.example", true, false)]
    [InlineData("localhost", false, false)]
    [InlineData("127.0.0.1", false, false)]
    [InlineData("192.0.2.1", false, true)]
    public void Credentials_in_plain_text_over_a_network_are_noticed(string host, bool tls, bool expected)
    {
        var built = Factory(builder => builder.WithTcpServer(host, 1883).WithTlsOptions(o => o.UseTls(tls)).WithCredentials("u", "p")).Create();
        Assert.Equal(expected, MqttOptionsFactory.SendsCredentialsInPlainText(built));
        built.Credentials = null;
        Assert.False(MqttOptionsFactory.SendsCredentialsInPlainText(built));
    }

    [Theory]
    [InlineData("ws://broker.example/mqtt", true)]
    [InlineData("wss://broker.example/mqtt", false)]
    [InlineData("ws://localhost:8080/mqtt", false)]
    public void Credentials_over_a_web_socket_are_noticed_too(string uri, bool expected) => Assert.Equal(expected, MqttOptionsFactory.SendsCredentialsInPlainText(
        Factory(builder => builder.WithWebSocketServer(o => o.WithUri(uri)).WithCredentials("u", "p")).Create()));

    [Fact]
    public void An_ip_end_point_of_this_machine_is_no_network() => Assert.False(MqttOptionsFactory.SendsCredentialsInPlainText(
        Factory(builder => builder.WithEndPoint(new IPEndPoint(IPAddress.IPv6Loopback, 1883)).WithCredentials("u", "p")).Create()));

    private static void Refused(string expected, Action<MqttClientOptionsBuilder> mqtt) =>
        Assert.Contains(expected, Assert.Throws<InvalidOperationException>(() => Factory(mqtt).Create()).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(null, 1 << 20)]
    [InlineData(4096, 4096)]
    public void The_buffers_of_a_socket_hold_a_batch_unless_the_application_says_otherwise(int? given, int expected)
    {
        var built = new MqttOptionsFactory(new ReliablePublisherOptions
        {
            PublisherId = "p",
            Ledger = new ReliableMqtt.Ledger.InMemoryAckLedger(),
            Mqtt = mqtt => mqtt.WithEndPoint(new DnsEndPoint("localhost", 1883)).WithTcpServer(tcp => tcp.BufferSize = given ?? tcp.BufferSize),
        }).Create();
        Assert.Equal(expected, Assert.IsType<MqttClientTcpOptions>(built.ChannelOptions).BufferSize);
    }
}
