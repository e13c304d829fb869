using MQTTnet;
using MQTTnet.Protocol;
using ReliableMqtt.Benchmarks.Measuring;

namespace ReliableMqtt.Benchmarks.Contenders;

/// <summary>MQTTnet as it is, without durability and without resume: pipelined, with as many callers as the window has places, or one message after the other.</summary>
internal sealed class MqttNetContender(bool sequential) : IContender
{
    public const string Pipelined = "MQTTnet pipelined";

    public string Name => sequential ? "MQTTnet sequential" : Pipelined;

    public bool IsSequential => sequential;

    // With a window of one place both are the same.
    public bool CanDo(Cell cell) => !sequential || cell.Window > 1;

    public async Task<IRun> StartAsync(int port, Cell cell, CancellationToken cancellationToken)
    {
        var run = new Run(await MqttNet.ConnectAsync(port, cancellationToken), cell, sequential ? 1 : cell.Window);
        await run.PublishAsync(1, Latencies.Ignored);
        return run;
    }

    private sealed class Run(IMqttClient client, Cell cell, int callers) : IRun
    {
        private readonly byte[] _payload = new byte[cell.Size];

        public async Task PublishAsync(int messages, Latencies latencies)
        {
            await Pipeline.RunAsync(messages, callers, () => MqttNet.PublishAsync(client, _payload, cell.Qos), latencies);
            if (cell.Qos == MqttQualityOfServiceLevel.AtMostOnce) await client.PingAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await client.DisconnectAsync(new MqttClientDisconnectOptions());
            client.Dispose();
        }
    }
}
