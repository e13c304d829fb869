using System.Security.Cryptography;
using System.Text;
using MQTTnet;

namespace ReliableMqtt.Deduplication;

/// <summary>What makes two deliveries copies of one message: who published it, and its id there.</summary>
/// <param name="PublisherId">Whose message it is; the windows of a store are counted for each. Empty when the message does not say.</param>
/// <param name="MessageId">The id, not empty.</param>
public readonly record struct DeduplicationKey(string PublisherId, string MessageId)
{
    /// <summary>
    /// The name of the MQTT 5 user property from which the publisher id is read. A publisher does not send it by itself: set it with
    /// <see cref="PublishOptions.UserProperties"/> where several publishers give ids of their own on one topic.
    /// </summary>
    public const string PublisherIdUserPropertyName = "publisher-id";

    /// <summary>Longer ids are kept as their hash, so that no sender can fill a store with them.</summary>
    private const int MaxLength = 256;

    /// <summary>
    /// The key of a message of a <c>ReliablePublisher</c>: its user property <see cref="MessageId.UserPropertyName"/>, and <see cref="PublisherIdUserPropertyName"/> where
    /// there is one. Without a publisher id, an id of the application's counts only together with its topic, since two publishers may give the same one;
    /// an automatic id is unique by itself. Null when there is no message id.
    /// </summary>
    public static DeduplicationKey? Of(MqttApplicationMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        string? publisher = null, id = null;
        foreach (var property in message.UserProperties ?? [])
        {
            // The publisher writes its own one last, behind what the application may have set.
            if (property.Name == ReliableMqtt.MessageId.UserPropertyName) id = Encoding.UTF8.GetString(property.ValueBuffer.Span);
            else if (property.Name == PublisherIdUserPropertyName) publisher = Encoding.UTF8.GetString(property.ValueBuffer.Span);
        }

        if (string.IsNullOrEmpty(id)) return null;
        if (!string.IsNullOrEmpty(publisher)) return new DeduplicationKey(Shorten(publisher), Shorten(id));
        return new DeduplicationKey("", Shorten(IsAutomatic(id) ? id : $"{message.Topic} {id}"));
    }

    private static bool IsAutomatic(string id) =>
        id[0] == ReliableMqtt.MessageId.AutomaticPrefix && id.Length <= ReliableMqtt.MessageId.MaxLength && Messages.MqttText.FindProblem(id) is null && new MessageId(id).IsAutomatic;

    private static string Shorten(string text) =>
        text.Length <= MaxLength ? text : "sha256-" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>For logs.</summary>
    public override string ToString() => string.IsNullOrEmpty(PublisherId) ? MessageId ?? "" : $"{PublisherId}/{MessageId}";
}
