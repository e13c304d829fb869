using MQTTnet;
using ReliableMqtt.Tool.Doctor;
using ReliableMqtt.Tool.Settings;

namespace ReliableMqtt.Tool.Tests.Doctor;

/// <summary>What the answers of a broker mean.</summary>
public class BrokerChecksTests
{
    private static readonly BrokerQuestions Questions = new() { ClientId = "doctor" };

    private static readonly BrokerLook Good = new() { ReceiveMaximum = 1_000, IsSessionKept = true };

    [Fact]
    public void All_is_well_with_a_broker_that_keeps_the_session() => Assert.All(Judge(Good), finding => Assert.Equal((finding.Check, Level.Ok), (finding.Check, finding.Level)));

    [Theory]
    [InlineData(0u, true, "Ok", "7 days, as asked for")]
    [InlineData(0u, false, "Problem", "0 s where 7 days were asked for")]
    [InlineData(30u, true, "Problem", "30 s where 7 days were asked for")]
    [InlineData(7_200u, true, "Warning", "2 h where 7 days were asked for")]
    [InlineData(604_800u, true, "Ok", "7 days where 7 days were asked for")]
    public void A_granted_session_expiry_is_compared_with_what_was_asked_for(uint granted, bool isKept, string level, string what)
    {
        var finding = Judge(Good with { GrantedExpiry = granted == 0 ? null : granted, IsSessionKept = isKept }).Single(finding => finding.Check == "session-expiry");
        Assert.Equal(level, finding.Level.ToString());
        Assert.Contains(what, finding.What, StringComparison.Ordinal);
        if (finding.Level > Level.Ok) Assert.Contains("Raise the broker's limit", finding.Change, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "0 s")]
    [InlineData(59, "59 s")]
    public void A_configured_session_expiry_that_a_publisher_refuses_is_a_problem_and_not_asked_for(int seconds, string words)
    {
        var questions = Questions with { SessionExpiry = TimeSpan.FromSeconds(seconds) };
        var finding = Judge(Good, questions).Single(finding => finding.Level == Level.Problem);
        Assert.Equal("session-expiry-asked", finding.Check);
        Assert.Contains(words, finding.What, StringComparison.Ordinal);
        Assert.Contains("SessionExpiry", finding.Change, StringComparison.Ordinal);
        Assert.Equal(60u, questions.ExpirySeconds);
        Assert.DoesNotContain(Judge(Good, Questions with { SessionExpiry = TimeSpan.FromMinutes(1) }), found => found.Check == "session-expiry-asked");
    }

    [Fact]
    public void A_session_that_is_gone_is_a_problem()
    {
        var finding = Judge(Good with { GrantedExpiry = 604_800, IsSessionKept = false }).Single(finding => finding.Level == Level.Problem);
        Assert.Equal("session-kept", finding.Check);
    }

    [Theory]
    [InlineData("receive-maximum", "Ok", 256, 2, 0u, true)]
    [InlineData("receive-maximum", "Ok", 20, 2, 0u, true)]
    [InlineData("receive-maximum", "Warning", 15, 2, 0u, true)]
    [InlineData("maximum-qos", "Warning", 256, 1, 0u, true)]
    [InlineData("maximum-qos", "Problem", 256, 0, 0u, true)]
    [InlineData("maximum-packet-size", "Warning", 256, 2, 262_144u, true)]
    [InlineData("maximum-packet-size", "Ok", 256, 2, 300_000u, true)]
    [InlineData("retain", "Warning", 256, 2, 0u, false)]
    public void A_limit_that_messages_run_into_is_told(string check, string level, int receiveMaximum, int qos, uint size, bool isRetainAvailable)
    {
        var findings = Judge(Good with { ReceiveMaximum = (ushort)receiveMaximum, MaximumQoS = qos, MaximumPacketSize = size == 0 ? null : size, IsRetainAvailable = isRetainAvailable });
        Assert.Equal(level, findings.Single(finding => finding.Check == check).Level.ToString());
        Assert.All(findings.Where(finding => finding.Check != check), finding => Assert.Equal(Level.Ok, finding.Level));
    }

    [Theory]
    [InlineData(MqttClientConnectResultCode.NotAuthorized, "broker-credentials", "not authorized (0x87)", "WithCredentials")]
    [InlineData(MqttClientConnectResultCode.BadUserNameOrPassword, "broker-credentials", "bad user name or password (0x86)", "WithCredentials")]
    [InlineData(MqttClientConnectResultCode.UnsupportedProtocolVersion, "mqtt-version", "0x84", "--mqtt 3.1.1")]
    [InlineData(MqttClientConnectResultCode.ClientIdentifierNotValid, "broker", "0x85", "--client-id")]
    [InlineData(MqttClientConnectResultCode.ServerMoved, "broker", "0x9D", "other server")]
    [InlineData(MqttClientConnectResultCode.ServerBusy, "broker", "0x89", "log")]
    public void Each_refusal_has_its_advice(MqttClientConnectResultCode code, string check, string what, string change)
    {
        var finding = Assert.Single(Judge(new BrokerLook { Failure = BrokerFailure.Refused, RefusalCode = code, FailureText = "go away" }));
        Assert.Equal((check, Level.Problem), (finding.Check, finding.Level));
        Assert.Contains(what, finding.What, StringComparison.Ordinal);
        Assert.EndsWith(", go away", finding.What, StringComparison.Ordinal);
        Assert.Contains(change, finding.Change, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0x00, true, "Ok", "is allowed")]
    [InlineData(0x10, true, "Ok", "nobody subscribes")]
    [InlineData(0x87, true, "Problem", "not authorized (0x87)")]
    [InlineData(0x90, true, "Problem", "topic name invalid (0x90)")]
    [InlineData(0x97, true, "Problem", "quota exceeded (0x97)")]
    [InlineData(0x80, true, "Problem", "0x80")]
    [InlineData(0x00, false, "Warning", "says nothing")]
    public void A_topic_is_judged_by_its_acknowledgement(int code, bool isMqtt5, string level, string what)
    {
        var finding = Judge(Good with { Topics = [new TopicAnswer("a/b", (byte)code)] }, Questions with { IsMqtt5 = isMqtt5 }).Single(finding => finding.Check == "topic");
        Assert.Equal(level, finding.Level.ToString());
        Assert.Contains("'a/b'", finding.What, StringComparison.Ordinal);
        Assert.Contains(what, finding.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_topic_without_an_acknowledgement_is_a_problem()
    {
        var finding = Judge(Good with { Topics = [new TopicAnswer("a/b", null, "the broker has ended the connection")] }).Single(finding => finding.Check == "topic");
        Assert.Equal((Level.Problem, "'a/b': the broker has ended the connection"), (finding.Level, finding.What));
    }

    [Theory]
    [InlineData("mqtt://u:p@broker.example", true)]
    [InlineData("mqtt://broker.example", false)]
    [InlineData("mqtts://u:p@broker.example", false)]
    [InlineData("mqtt://u:p@localhost", false)]
    public void A_password_in_plain_text_is_told(string address, bool isTold) =>
        Assert.Equal(isTold, BrokerChecks.Judge(BrokerAddress.Parse(address), Questions, Good).Any(finding => finding is { Check: "broker-tls", Level: Level.Warning }));

    private static List<Finding> Judge(BrokerLook look, BrokerQuestions? questions = null) => [.. BrokerChecks.Judge(BrokerAddress.Parse("mqtt://broker.example"), questions ?? Questions, look)];
}
