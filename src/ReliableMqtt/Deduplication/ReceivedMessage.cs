using MQTTnet;

namespace ReliableMqtt.Deduplication;

/// <summary>A message on its way through a handler.</summary>
public sealed class ReceivedMessage
{
    internal ReceivedMessage(MqttApplicationMessage message, DeduplicationKey? key, string claimToken, int attempt) =>
        (Message, Key, ClaimToken, Attempt) = (message, key, claimToken, attempt);

    /// <summary>What has arrived.</summary>
    public MqttApplicationMessage Message { get; }

    /// <summary>What makes its copies recognisable; null when it has no id, and then it may be handled more than once.</summary>
    public DeduplicationKey? Key { get; }

    /// <summary>Names the claim under which it is handled, in the store and for transactions with the store. Different for each delivery.</summary>
    public string ClaimToken { get; }

    /// <summary>1 for the first run of the handler on this delivery, then 2, and so on. Not counted over processes.</summary>
    public int Attempt { get; }
}
