using MQTTnet.Protocol;

namespace ReliableMqtt;

/// <summary>A <see cref="PublishMessage"/> that costs no object: what a call with a topic and a payload gives.</summary>
internal readonly record struct PublishDraft(string Topic, ReadOnlyMemory<byte> Payload, MqttQualityOfServiceLevel QualityOfService, PublishOptions? Options)
{
    public static implicit operator PublishDraft(PublishMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return new PublishDraft(message.Topic, message.Payload, message.QualityOfService, message.Options);
    }
}

/// <summary>Implemented by our own publishers. Others get a <see cref="PublishMessage"/>.</summary>
internal interface IDraftPublisher
{
    /// <summary>As <see cref="IReliablePublisher.PublishAsync(PublishMessage, CancellationToken)"/>.</summary>
    Task<PublishReceipt> PublishAsync(in PublishDraft draft, CancellationToken cancellationToken);
}
