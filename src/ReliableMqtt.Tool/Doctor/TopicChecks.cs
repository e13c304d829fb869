using ReliableMqtt.Tool.Output;

namespace ReliableMqtt.Tool.Doctor;

/// <summary>What became of a message to a topic that a publisher wants to use.</summary>
internal static class TopicChecks
{
    private const string Check = "topic";
    private const byte NoSubscribers = 0x10, FirstError = 0x80, NotAuthorized = 0x87, TopicInvalid = 0x90, QuotaExceeded = 0x97;

    public static Finding Judge(BrokerQuestions questions, TopicAnswer answer)
    {
        if (answer.Code is not { } code)
        {
            return Finding.Problem(
                Check, $"'{answer.Topic}': {answer.Problem}", "A publisher sends it anew on each connection; one that ends every connection holds up the others until it is given up as poison.",
                "The broker's log says why; as a rule its access list does not allow the topic.");
        }

        var words = string.IsNullOrEmpty(answer.Problem) ? "" : $", {answer.Problem}";
        if (code >= FirstError)
        {
            return Finding.Problem(
                Check, $"'{answer.Topic}' is refused: {Name(code)} ({Words.ReasonCode(code)}){words}", "A message to it becomes a dead letter, or is sent again some times before it does.",
                code switch
                {
                    NotAuthorized => $"Let the publisher's user write to it in the broker's access list (mosquitto: 'topic write {answer.Topic}' below 'user NAME' in acl_file, then SIGHUP); "
                        + "then send what died: reliable-mqtt replay --reason-code 0x87.",
                    TopicInvalid => "Publish to another topic: the broker does not allow such a name.",
                    QuotaExceeded => "The broker's quota is used up: raise it, or wait.",
                    _ => "The broker's log says why.",
                });
        }

        // On 3.1.1 an acknowledgement has no code.
        if (!questions.IsMqtt5)
            return Finding.Warning(Check, $"'{answer.Topic}' is acknowledged, which on MQTT 3.1.1 says nothing", "A refused message looks like a confirmed one there, and is lost.", "Try it with MQTT 5, or look whether a subscriber gets it.");
        return Finding.Ok(Check, $"'{answer.Topic}' is allowed{(code == NoSubscribers ? "; nobody subscribes to it now" : "")}");
    }

    private static string Name(byte code) => code switch
    {
        NotAuthorized => "not authorized",
        TopicInvalid => "topic name invalid",
        QuotaExceeded => "quota exceeded",
        _ => "reason code",
    };
}
