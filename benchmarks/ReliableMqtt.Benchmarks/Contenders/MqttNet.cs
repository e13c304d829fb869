using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace ReliableMqtt.Benchmarks.Contenders;

/// <summary>MQTTnet as it is used by everybody.</summary>
internal static class MqttNet
{
    public static async Task<IMqttClient> ConnectAsync(int port, CancellationToken cancellationToken)
    {
        var client = new MqttClientFactory().CreateMqttClient();
        await client.ConnectAsync(
            new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", port).WithProtocolVersion(MqttProtocolVersion.V500).WithClientId("bench-mqttnet").Build(), cancellationToken);
        return client;
    }

    public static async Task PublishAsync(IMqttClient client, byte[] payload, MqttQualityOfServiceLevel qos)
    {
        var result = await client.PublishAsync(
            new MqttApplicationMessageBuilder().WithTopic(Cell.Topic).WithPayload(payload).WithQualityOfServiceLevel(qos).Build(), CancellationToken.None);
        if (!result.IsSuccess) throw new InvalidOperationException($"refused: {result.ReasonCode}");
    }
}
