using MQTTnet;
using ReliableMqtt.Tool.Output;
using ReliableMqtt.Tool.Settings;

namespace ReliableMqtt.Tool.Doctor;

/// <summary>What a broker's answers mean for a publisher that must not lose a message.</summary>
internal static class BrokerChecks
{
    private const string NothingIsSent = "Messages are accepted and wait in the ledger, and none is sent.";

    /// <summary>Looks, and judges.</summary>
    public static async Task<IReadOnlyList<Finding>> RunAsync(BrokerAddress address, BrokerQuestions questions, ToolHost host, CancellationToken stop)
    {
        var look = await new BrokerProbe(address, questions).LookAsync(stop);
        return
        [
            .. Judge(address, questions, look with
            {
                FailureText = host.Hide(look.FailureText),
                Topics = [.. look.Topics.Select(answer => answer with { Problem = answer.Problem is { } problem ? host.Hide(problem) : null })],
            }),
        ];
    }

    /// <summary>The judgement alone.</summary>
    public static IEnumerable<Finding> Judge(BrokerAddress address, BrokerQuestions questions, BrokerLook look)
    {
        if (questions.SessionExpiry < BrokerQuestions.LeastExpiry)
        {
            yield return Finding.Problem(
                "session-expiry-asked", $"the publisher is configured with a session expiry of {Words.Span(questions.SessionExpiry)}",
                "The broker would forget the session with each connection, and with it what it knows of the messages in flight; so a publisher does not start with less than 1 min.",
                "Set ReliablePublisherOptions.SessionExpiry to more than any outage lasts; the default is 7 days.");
        }

        if (address.SendsPasswordInPlainText)
            yield return Finding.Warning("broker-tls", $"{address} gets user name and password without TLS", "Whoever sees the network traffic can log in as the publisher.", "Use mqtts:// or wss://, and WithTlsOptions in the publisher.");
        if (look.Failure is { } failure)
        {
            yield return Refusal(address, failure, look);
            yield break;
        }

        yield return Finding.Ok("broker", $"{address} accepts the connection");
        yield return questions.IsMqtt5
            ? Finding.Ok("mqtt-version", "MQTT 5")
            : Finding.Warning(
                "mqtt-version", "MQTT 3.1.1", "A refused message looks like a confirmed one, the message id does not reach the receiver, and the broker does not state its limits.",
                "Use MQTT 5, the default, when the broker has it: it is tried without --mqtt 3.1.1.");
        yield return SessionExpiry(questions, look);
        yield return SessionKept(questions, look);
        if (questions.IsMqtt5) foreach (var finding in BrokerLimitChecks.Judge(look)) yield return finding;
        foreach (var answer in look.Topics) yield return TopicChecks.Judge(questions, answer);
    }

    private static Finding Refusal(BrokerAddress address, BrokerFailure failure, BrokerLook look) => failure switch
    {
        BrokerFailure.Unreachable => Finding.Problem(
            "broker", $"{address} cannot be reached: {look.FailureText}", NothingIsSent,
            "Start the broker, or correct host and port; a firewall, and a listener on another address, look the same. A port that speaks TLS needs mqtts://."),
        BrokerFailure.Tls => Finding.Problem(
            "broker-tls", $"{address} is not trusted: {look.FailureText}", NothingIsSent,
            "Use the host name that stands in the certificate, or renew it; when an authority of your own has signed it, give --broker-ca FILE, and WithTrustChain in the publisher."),
        BrokerFailure.Silent => Finding.Problem(
            "broker", $"{address} does not answer: {look.FailureText}", NothingIsSent, "Is it a port of MQTT, and does it speak TLS as the address says? A broker that hangs looks the same."),
        _ => Refusal(address, look),
    };

    private static Finding Refusal(BrokerAddress address, BrokerLook look)
    {
        var code = look.RefusalCode!.Value;
        var what = $"{address} refuses the connection: {Words.Spoken(code)} (0x{(int)code:X2}){(look.FailureText.Length > 0 ? $", {look.FailureText}" : "")}";
        const string Why = $"{NothingIsSent} A publisher asks again only after FaultedRetryInterval, 5 min by default.";
        return code switch
        {
            MqttClientConnectResultCode.BadUserNameOrPassword or MqttClientConnectResultCode.NotAuthorized => Finding.Problem(
                "broker-credentials", what, Why,
                $"Correct user name and password: {BrokerAddress.Variable}=mqtt://user:password@host for this command, WithCredentials in the publisher. Some brokers refuse a client id, or an address, in the same words."),
            MqttClientConnectResultCode.UnsupportedProtocolVersion => Finding.Problem(
                "mqtt-version", what, Why, "Use a broker with MQTT 5; or --mqtt 3.1.1 here and WithProtocolVersion(MqttProtocolVersion.V311) in the publisher, which gives less."),
            MqttClientConnectResultCode.ClientIdentifierNotValid => Finding.Problem("broker", what, Why, "Allow the client id at the broker; it was tried with one of the doctor's own, which --client-id changes."),
            MqttClientConnectResultCode.UseAnotherServer or MqttClientConnectResultCode.ServerMoved => Finding.Problem("broker", what, Why, "Use the address of the other server."),
            _ => Finding.Problem("broker", what, NothingIsSent, "The broker's log says more. What is busy or not available may pass by itself."),
        };
    }

    private static Finding SessionExpiry(BrokerQuestions questions, BrokerLook look)
    {
        const string Check = "session-expiry";
        const string Why = "After a longer outage the broker has forgotten the session: what was in flight is published anew, which may make duplicates, or becomes a dead letter, as SessionLossPolicy says.";
        const string Change = "Raise the broker's limit above the longest outage that you expect (HiveMQ: session-expiry max-interval; mosquitto: persistent_client_expiration).";
        if (!questions.IsMqtt5) return Finding.Warning(Check, "MQTT 3.1.1 cannot ask for one: the broker decides", Why, "Look it up in the broker's configuration (mosquitto: persistent_client_expiration, without which sessions are kept for ever).");
        var asked = Words.Span(TimeSpan.FromSeconds(questions.ExpirySeconds));
        if (look.GrantedExpiry is not { } seconds)
        {
            // 0 and silence look alike; whether there is a session then tells which it was.
            return look.IsSessionKept == false
                ? Finding.Problem(Check, $"the broker keeps the session for 0 s where {asked} were asked for", $"It is forgotten with each connection. {Why}", Change)
                : Finding.Ok(Check, $"{asked}, as asked for");
        }

        var granted = Words.Span(TimeSpan.FromSeconds(seconds));
        if (seconds >= questions.ExpirySeconds) return Finding.Ok(Check, $"{granted} where {asked} were asked for");
        var what = $"the broker keeps the session for {granted} where {asked} were asked for";
        return seconds < BrokerQuestions.LeastExpiry.TotalSeconds ? Finding.Problem(Check, what, Why, Change) : Finding.Warning(Check, what, Why, Change);
    }

    private static Finding SessionKept(BrokerQuestions questions, BrokerLook look) => look.IsSessionKept == true
        ? Finding.Ok("session-kept", "connected, disconnected, connected again: the session was there")
        : Finding.Problem(
            "session-kept", "connected, disconnected, connected again: the session was gone",
            "Nothing can be resumed: after each loss of the connection what was in flight is published anew, at QoS 2 with duplicates, or becomes a dead letter, as SessionLossPolicy says.",
            questions.IsMqtt5 ? "Let the broker keep sessions (a Session Expiry Interval above 0, and a limit of sessions that is not reached). Behind a load balancer all nodes have to know them."
                : "Let the broker keep sessions of clients that connect with CleanSession 0.");
}
