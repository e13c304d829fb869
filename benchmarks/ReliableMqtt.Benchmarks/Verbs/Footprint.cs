using System.Globalization;
using MQTTnet.Protocol;
using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Contenders;
using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt.Benchmarks.Verbs;

/// <summary>What a message costs Redis, counted by Redis itself: memory while it is pending; commands and bytes over its life.</summary>
internal static class Footprint
{
    private const int Pending = 20_000, Size = 128;

    public static async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await using var broker = await Mosquitto.StartAsync(cancellationToken);
        foreach (var named in new[] { false, true })
        {
            var (bytes, keys) = await PendingAsync(named, cancellationToken);
            Print($"pending in the backlog, {Size} B of payload, {(named ? "id of the application's (10 characters)" : "automatic id")}: {bytes:0} B of memory a message ({keys})");
        }

        foreach (var qos in new[] { MqttQualityOfServiceLevel.AtLeastOnce, MqttQualityOfServiceLevel.ExactlyOnce })
            foreach (var (window, messages) in new[] { (1, 2_000), (256, 40_000) })
                await LifeAsync(broker.Port, qos, window, messages, cancellationToken);
        return 0;
    }

    private static async Task<(double Bytes, string Keys)> PendingAsync(bool named, CancellationToken cancellationToken)
    {
        await using var redis = await RedisServer.StartAsync("everysec", cancellationToken);
        await using var connection = await ConnectAsync(redis);
        await using var publisher = await StartAsync(redis, 1, 256, cancellationToken); // Nobody listens at port 1.
        await publisher.EnqueueAsync("bench/topic", new byte[Size], MqttQualityOfServiceLevel.ExactlyOnce, cancellationToken: cancellationToken);
        var before = await InfoAsync(connection, "memory", "used_memory");
        await publisher.EnqueueBatchAsync([.. Enumerable.Range(0, Pending).Select(i => new PublishMessage(
            "bench/topic", new byte[Size], MqttQualityOfServiceLevel.ExactlyOnce, named ? new PublishOptions { MessageId = $"id-{i:D7}" } : null))], cancellationToken);
        var after = await InfoAsync(connection, "memory", "used_memory");
        var keys = new List<string>();
        foreach (var name in new[] { "backlog", "ids" })
        {
            var usage = await connection.GetDatabase().ExecuteAsync("MEMORY", "USAGE", $"reliable-mqtt:{{footprint}}:{name}", "SAMPLES", "0");
            if (!usage.IsNull) keys.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {(double)usage / Pending:0}"));
        }

        return ((after - before) / Pending, string.Join(", ", keys));
    }

    private static async Task LifeAsync(int port, MqttQualityOfServiceLevel qos, int window, int messages, CancellationToken cancellationToken)
    {
        await using var redis = await RedisServer.StartAsync("everysec", cancellationToken);
        await using var connection = await ConnectAsync(redis);
        await using var publisher = await StartAsync(redis, port, window, cancellationToken);
        var payload = new byte[Size];
        await publisher.PublishAsync("bench/topic", payload, qos, cancellationToken: cancellationToken);
        var before = await CountAsync(connection);
        await Pipeline.RunAsync(messages, window, () => publisher.PublishAsync("bench/topic", payload, qos, cancellationToken: CancellationToken.None));
        await publisher.FlushAsync(cancellationToken);
        var after = await CountAsync(connection);
        Print($"qos={(int)qos} window={window}: {(after.Calls - before.Calls) / messages:0.000} calls, {(after.Commands - before.Commands) / messages:0.00} commands, {(after.Input - before.Input) / messages:0} B in, {(after.Log - before.Log) / messages:0} B of append-only file a message");
    }

    private static async Task<(double Calls, double Commands, double Input, double Log)> CountAsync(ConnectionMultiplexer connection)
    {
        double calls = 0, commands = 0;
        foreach (var (name, text) in await InfoAsync(connection, "commandstats"))
        {
            var count = double.Parse(text.Split(',')[0]["calls=".Length..], CultureInfo.InvariantCulture);
            if (name is "cmdstat_evalsha" or "cmdstat_eval") calls += count;
            else commands += count;
        }

        return (calls, commands, await InfoAsync(connection, "stats", "total_net_input_bytes"), await InfoAsync(connection, "persistence", "aof_current_size"));
    }

    private static async Task<double> InfoAsync(ConnectionMultiplexer connection, string section, string name) =>
        double.Parse((await InfoAsync(connection, section)).First(line => line.Key == name).Value, CultureInfo.InvariantCulture);

    private static async Task<IEnumerable<KeyValuePair<string, string>>> InfoAsync(ConnectionMultiplexer connection, string section) =>
        (await connection.GetServers()[0].InfoAsync(section)).SelectMany(group => group);

    private static Task<ConnectionMultiplexer> ConnectAsync(RedisServer redis) => ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{redis.Port},allowAdmin=true");

    private static Task<ReliablePublisher> StartAsync(RedisServer redis, int port, int window, CancellationToken cancellationToken) => ReliablePublisher.StartAsync(
        new ReliablePublisherOptions
        {
            PublisherId = "footprint",
            Mqtt = mqtt => mqtt.WithTcpServer("127.0.0.1", port),
            Ledger = new RedisAckLedger($"127.0.0.1:{redis.Port}"),
            MaxInFlight = window,
            ShutdownTimeout = TimeSpan.Zero,
        }, cancellationToken);

    private static void Print(FormattableString text) => Console.WriteLine(FormattableString.Invariant(text));
}
