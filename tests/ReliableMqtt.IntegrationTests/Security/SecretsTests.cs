using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using ReliableMqtt.IntegrationTests.Telemetry;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;

namespace ReliableMqtt.IntegrationTests.Security;

// Random words in every credential and in everything that a message carries: none of them may come out in a log at any level, in a trace, in a metric, or in an exception.
[Collection(nameof(TelemetryCollection))]
public sealed class SecretsTests : IDisposable
{
    private const string RedisUser = "plant"; // A name is shown to who wants to know where a ledger is; it is no secret.
    private static readonly string[] Kinds = ["brokerUser", "brokerPassword", "redisPassword", "payload", "property", "correlation", "wrongPassword"];

    private readonly Dictionary<string, string> _secrets = Kinds.ToDictionary(kind => kind, kind => $"canary{kind}{Guid.NewGuid():N}");
    private readonly List<string> _told = [];
    private readonly LogCapture _log = new();
    private readonly ActivityListener _traces;
    private readonly MeterListener _metrics = new();

    public SecretsTests()
    {
        _traces = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => Tell($"{activity.DisplayName} {string.Join(' ', activity.TagObjects)} {string.Join(' ', activity.Events.SelectMany(item => item.Tags))}"),
        };
        ActivitySource.AddActivityListener(_traces);
        _metrics.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name.StartsWith("ReliableMqtt", StringComparison.Ordinal)) listener.EnableMeasurementEvents(instrument);
        };
        _metrics.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Tell($"{instrument.Name} {string.Join(' ', tags.ToArray())}"));
        _metrics.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Tell($"{instrument.Name} {string.Join(' ', tags.ToArray())}"));
        _metrics.Start();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _traces.Dispose();
        _metrics.Dispose();
        _log.Dispose();
    }

    [Fact]
    public async Task No_secret_is_told_to_a_log_a_trace_a_metric_or_in_an_exception()
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings
        {
            ExtraLines = ["user default off", $"user {RedisUser} on >{Secret("redisPassword")} ~* &* +@all"],
            Login = $"user={RedisUser},password={Secret("redisPassword")},allowAdmin=true",
        });
        await TryAsync(async () =>
        {
            await using var refused = new RedisAckLedger($"redis://{RedisUser}:{Secret("wrongPassword")}@{redis.Address}");
            Tell($"{refused}");
            await refused.OpenAsync(new LedgerOpenOptions { PublisherId = "p", Logger = _log }, Cancel);
        });

        await using (var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger($"redis://{RedisUser}:{Secret("redisPassword")}@{redis.Address}")))
        {
            var publisher = await rig.ConnectPublisherAsync(
                options =>
                {
                    Tell($"{options} {options.Ledger}");
                    return options with { LoggerFactory = _log, MaxPayloadSize = 1_000 };
                },
                mqtt => mqtt.WithCredentials(Secret("brokerUser"), Secret("brokerPassword")));
            Tell($"{publisher} {publisher.Status} {Message()} {Message().Options}");
            for (var i = 0; i < 20; i++)
            {
                await TryAsync(() => publisher.PublishAsync(Message(), Cancel));
                if (i % 5 == 0) rig.Proxy.Cut();
            }

            // What is refused, too large, and out of time.
            await TryAsync(() => publisher.PublishAsync(Message() with { Topic = "a/#" }, Cancel));
            await TryAsync(() => publisher.PublishAsync(Message() with { Payload = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(Secret("payload"), 100))) }, Cancel));
            rig.Proxy.Refuses = true;
            rig.Proxy.Cut();
            await TryAsync(() => publisher.PublishAsync(Message() with { Options = Message().Options! with { ConfirmTimeout = TimeSpan.FromMilliseconds(300) } }, Cancel));
            await redis.KillAsync();
            await TryAsync(() => publisher.PublishAsync(Message() with { Options = Message().Options! with { ConfirmTimeout = TimeSpan.FromSeconds(4) } }, Cancel));
            await redis.StartAgainAsync();
            rig.Proxy.Refuses = false;
            await TryAsync(() => publisher.PublishAsync(Message(), Cancel));
        }

        Assert.Contains(_log.Entries, entry => entry.Id == 2001);
        string[] told;
        lock (_told) told = [.. _told];
        Assert.True(told.Length > 8, "exceptions and objects were looked at");
        foreach (var (kind, secret) in _secrets)
        {
            string[] forms = [secret, Convert.ToBase64String(Encoding.UTF8.GetBytes(secret))[..^4], Convert.ToHexString(Encoding.UTF8.GetBytes(secret))];
            foreach (var text in _log.Entries.Select(entry => entry.Text).Concat(told))
                Assert.True(forms.All(form => !text.Contains(form, StringComparison.OrdinalIgnoreCase)), $"{kind} is told in: {text}");
        }
    }

    private PublishMessage Message() => new("t", Encoding.UTF8.GetBytes(Secret("payload")), MqttQualityOfServiceLevel.ExactlyOnce, new PublishOptions
    {
        UserProperties = [new MQTTnet.Packets.MqttUserProperty("name", Encoding.UTF8.GetBytes(Secret("property")))],
        CorrelationData = Encoding.UTF8.GetBytes(Secret("correlation")),
    });

    private string Secret(string kind) => _secrets[kind];

    private void Tell(string text)
    {
        lock (_told) _told.Add(text);
    }

    private async Task TryAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (Exception error) when (error is ReliablePublishException or LedgerUnavailableException or InvalidOperationException)
        {
            Tell($"{error} {(error as ReliablePublishException)?.Receipt}");
        }
    }
}
