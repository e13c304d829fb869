using System.Globalization;
using System.Text;
using MQTTnet.Protocol;
using ReliableMqtt;
using ReliableMqtt.DyingPublisher;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using ReliableMqtt.Sqlite;

// REDIS|sqlite:FILE BROKER-PORT PUBLISHER-ID QOS COUNT before|after append|release|confirm
// Publishes COUNT messages with the ids m1, m2, … at once, and kills itself at the given place. Ends with 0 only when it was never there.
var (where, port, id, qos, count) = (args[0], Number(args[1]), args[2], (MqttQualityOfServiceLevel)Number(args[3]), Number(args[4]));
AckLedger ledger = where.StartsWith("sqlite:", StringComparison.Ordinal) ? new SqliteAckLedger(where["sqlite:".Length..]) : new RedisAckLedger(where);
await using var publisher = await ReliablePublisher.StartAsync(new ReliablePublisherOptions
{
    PublisherId = id,
    Mqtt = client => client.WithTcpServer("127.0.0.1", port),
    Ledger = new DyingLedger(ledger, args[5], args[6], count),
    LeaseDuration = TimeSpan.FromSeconds(60), // Whoever comes next must not have to wait for its end.
});
// Until it has the lease, it would accept as others do, by another way than a commit.
using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
while (!publisher.Status.IsOwner) await Task.Delay(5, patience.Token);
await Task.WhenAll(Enumerable.Range(1, count).Select(i => publisher.PublishAsync(
    new PublishMessage("t", Encoding.UTF8.GetBytes($"m{i}"), qos, new PublishOptions { MessageId = $"m{i}" }))));

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
