using System.Text;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Oracle;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt.Tool.Tests;

/// <summary>
/// A publisher's ledger on a redis-server with a password, filled through the public API: confirmed and refused messages with the broker up, pending ones with the broker down,
/// and one record damaged by hand. The publisher lives on, so that somebody owns the ledger. Its wire is audited at the end.
/// </summary>
internal sealed class RedisPlant : IAsyncDisposable
{
    public const string PublisherId = "plant-7", Password = "s3cr3t-pa55word";

    private readonly List<IAsyncDisposable> _parts = [];
    private readonly WireTap _tap = new();
    private string _accessList = "";

    public RedisServer Redis { get; private set; } = null!;

    public string Ledger => $"redis://:{Password}@127.0.0.1:{Redis.Port}";

    public string RefusedAutomatically { get; private set; } = "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<RedisPlant> StartAsync()
    {
        var plant = new RedisPlant();
        try
        {
            await plant.FillAsync();
            return plant;
        }
        catch
        {
            await plant.DisposeAsync();
            throw;
        }
    }

    public async Task<ConnectionMultiplexer> ConnectAsync() => await ConnectionMultiplexer.ConnectAsync($"{Redis.Address},password={Password}");

    public async ValueTask DisposeAsync()
    {
        for (var i = _parts.Count - 1; i >= 0; i--) await _parts[i].DisposeAsync();
        if (_accessList.Length > 0) File.Delete(_accessList);
        WireAudit.Check(_tap);
    }

    private async Task FillAsync()
    {
        _parts.Add(Redis = await RedisServer.StartAsync(new RedisSettings { ExtraLines = [$"requirepass {Password}"] }));
        _accessList = Path.GetTempFileName();
        await File.WriteAllTextAsync(_accessList, "topic readwrite plant/#\n", Cancel);
        var broker = await MosquittoBroker.StartAsync(new MosquittoSettings { ExtraLines = [$"acl_file {_accessList}"] });
        _parts.Add(broker);
        var proxy = CuttingProxy.Start(broker.Port, _tap);
        _parts.Add(proxy);
        var publisher = await ReliablePublisher.StartAsync(new ReliablePublisherOptions
        {
            PublisherId = PublisherId,
            Mqtt = client => client.WithTcpServer("127.0.0.1", proxy.Port),
            Ledger = new RedisAckLedger(Ledger),
            MinBackoff = TimeSpan.FromMilliseconds(50),
            ShutdownTimeout = TimeSpan.Zero,
        }, Cancel);
        _parts.Add(publisher);

        Assert.Equal(PublishOutcome.Confirmed, (await publisher.PublishAsync(Message("plant/7/state", "through"), Cancel)).Outcome);
        Assert.Equal(PublishOutcome.Rejected, (await publisher.TryPublishAsync(Message("forbidden/alarm", "refused"), Cancel)).Outcome);
        RefusedAutomatically = (await publisher.TryPublishAsync(Message("forbidden/state", null), Cancel)).MessageId.Value;
        await broker.StopAsync();
        await Eventually.Async(() => publisher.Status.Connection != ConnectionState.Connected, "the publisher sees that the broker is gone");
        for (var i = 0; i < 6; i++) await publisher.EnqueueAsync(Message($"plant/{i}/alarm", $"waiting-{i}"), Cancel);

        // A bit of one record is flipped; whoever reads the backlog next comes upon it.
        await using var connection = await ConnectAsync();
        const string backlog = $"reliable-mqtt:{{{PublisherId}}}:backlog";
        var record = (byte[])(await connection.GetDatabase().ListGetByIndexAsync(backlog, 2))!;
        record[^1] ^= 1;
        await connection.GetDatabase().ListSetByIndexAsync(backlog, 2, record);
        await using var reader = new RedisAckLedger(Ledger);
        await reader.OpenAsync(new LedgerOpenOptions { PublisherId = PublisherId, CreateIfMissing = false }, Cancel);
        Assert.Equal(5, (await reader.ReadBacklogAsync(0, 10, Cancel)).Count);
    }

    private static PublishMessage Message(string topic, string? id) => new(
        topic, Encoding.UTF8.GetBytes("top secret"), MqttQualityOfServiceLevel.ExactlyOnce, new PublishOptions { MessageId = id is null ? default : new MessageId(id) });
}
