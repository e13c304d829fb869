using MQTTnet.Protocol;

namespace ReliableMqtt;

/// <summary>One message of a batch.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Payload">The payload; copied at accept.</param>
/// <param name="QualityOfService">The quality of service. Default at least once.</param>
/// <param name="Options">What else the message sets.</param>
public sealed record PublishMessage(
    string Topic,
    ReadOnlyMemory<byte> Payload,
    MqttQualityOfServiceLevel QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce,
    PublishOptions? Options = null);
