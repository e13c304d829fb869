using MQTTnet;
using MQTTnet.Protocol;
using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Measuring;
using StackExchange.Redis;

namespace ReliableMqtt.Benchmarks.Contenders;

/// <summary>What a tutorial does: one message after the other, its state in a Redis hash.</summary>
internal sealed class NaiveContender(RedisServer redis, string durability) : IContender
{
    public string Name => $"naive Redis loop, {durability}";

    public RedisServer Redis => redis;

    public bool IsSequential => true;

    public bool CanDo(Cell cell) => cell.Qos != MqttQualityOfServiceLevel.AtMostOnce;

    public async Task<IRun> StartAsync(int port, Cell cell, CancellationToken cancellationToken)
    {
        var run = new Run(await MqttNet.ConnectAsync(port, cancellationToken), await ConnectionMultiplexer.ConnectAsync(redis.Address), cell);
        await run.PublishAsync(1, Latencies.Ignored);
        return run;
    }

    private sealed class Run(IMqttClient client, ConnectionMultiplexer connection, Cell cell) : IRun
    {
        private readonly byte[] _payload = new byte[cell.Size];

        public async Task PublishAsync(int messages, Latencies latencies)
        {
            var database = connection.GetDatabase();
            for (var id = 0; id < messages; id++)
            {
                var started = Latencies.Now;
                await database.HashSetAsync("acks", id, 0);
                await MqttNet.PublishAsync(client, _payload, cell.Qos);
                await database.HashSetAsync("acks", id, 1);
                if (await database.HashGetAsync("acks", id) == 1) await database.HashDeleteAsync("acks", id);
                latencies.Record(id, started);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await client.DisconnectAsync(new MqttClientDisconnectOptions());
            client.Dispose();
            await connection.DisposeAsync();
        }
    }
}
