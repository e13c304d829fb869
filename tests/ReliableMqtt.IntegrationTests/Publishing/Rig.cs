using Microsoft.Extensions.Logging;
using MQTTnet;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Mqtt;
using ReliableMqtt.Ledger;
using Eventually = ReliableMqtt.IntegrationTests.Fixtures.Eventually;

namespace ReliableMqtt.IntegrationTests.Publishing;

/// <summary>
/// A broker, a tapped proxy before it, a counting subscriber directly at the broker, and publishers that connect through the proxy. All
/// publishers of a rig share one store, so that the next one goes on where the one before has stopped, as processes on one ledger do. At its end
/// all that has gone through the proxy is audited, whatever the test was about.
/// </summary>
internal sealed partial class Rig : IAsyncDisposable
{
    public const string PublisherId = "publisher";

    /// <summary>The proxy's number of the first lasting connection on a new store: the one before it wipes what the broker may have had.</summary>
    public const int First = 2;

    /// <summary>The one after it.</summary>
    public const int Second = 3;

    private const string FenceTopic = "fence";
    private const int DispatcherFailed = 5003;

    private readonly List<IAsyncDisposable> _parts = [];
    private readonly RecordingLogger _log = new();
    private readonly BrokerKind _kind;
    private readonly MosquittoSettings? _settings;
    private readonly bool _counting;
    private readonly Func<AckLedger> _newLedger;
    private int _fences;

    private Rig(BrokerKind kind, MosquittoSettings? settings, bool counting, Func<AckLedger>? ledger)
    {
        (_kind, _settings, _counting) = (kind, settings, counting);
        _newLedger = ledger ?? (() => new InMemoryAckLedger(Store));
    }

    public WireTap Tap { get; } = new();

    /// <summary>What all publishers of the rig have logged.</summary>
    public IReadOnlyList<(int Id, string Text)> LogEntries => [.. _log.Entries.Select(entry => (entry.Id, entry.Text))];

    public InMemoryLedgerStore Store { get; } = new();

    /// <summary>The ledger of the publisher that was started last.</summary>
    public AckLedger Ledger { get; private set; } = null!;

    public TestedBroker Broker { get; private set; } = null!;

    public CuttingProxy Proxy { get; private set; } = null!;

    /// <summary>The subscriber of the current broker.</summary>
    public DeliveryCounter Counter { get; private set; } = null!;

    /// <summary>The packets of a type that publishers sent or got, in their order.</summary>
    public IReadOnlyList<WirePacket> Publishes => Tap.Of(MqttControlPacketType.Publish, Direction.ToBroker);

    public IReadOnlyList<WirePacket> PubRels => Tap.Of(MqttControlPacketType.PubRel, Direction.ToBroker);

    public static async Task<Rig> StartAsync(BrokerKind kind = BrokerKind.Mosquitto, MosquittoSettings? settings = null, bool counting = true, Func<AckLedger>? ledger = null)
    {
        var rig = new Rig(kind, settings, counting, ledger);
        try
        {
            await rig.AddBrokerAsync();
            rig._parts.Add(rig.Proxy = CuttingProxy.Start(rig.Broker.Port, rig.Tap));
            return rig;
        }
        catch
        {
            await rig.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a publisher that reconnects at once, and at its disposal waits for nothing: what is pending stays, as after a crash.</summary>
    public async Task<ReliablePublisher> StartPublisherAsync(
        Func<ReliablePublisherOptions, ReliablePublisherOptions>? change = null, Action<MqttClientOptionsBuilder>? mqtt = null)
    {
        Ledger = _newLedger();
        var options = new ReliablePublisherOptions
        {
            PublisherId = PublisherId,
            Ledger = Ledger,
            Mqtt = client =>
            {
                client.WithTcpServer("127.0.0.1", Proxy.Port);
                mqtt?.Invoke(client);
            },
            MinBackoff = TimeSpan.FromMilliseconds(10),
            MaxBackoff = TimeSpan.FromMilliseconds(100),
            ConnectTimeout = TimeSpan.FromSeconds(5),
            LeaseDuration = TimeSpan.FromSeconds(5),
            ShutdownTimeout = TimeSpan.Zero,
            LoggerFactory = new OneLogger(_log),
        };
        options = change?.Invoke(options) ?? options;
        var publisher = await ReliablePublisher.StartAsync(options, TestContext.Current.CancellationToken);
        _parts.Add(publisher);
        Started(publisher, options);
        return publisher;
    }

    /// <summary>Starts a publisher and waits until it is connected.</summary>
    public async Task<ReliablePublisher> ConnectPublisherAsync(
        Func<ReliablePublisherOptions, ReliablePublisherOptions>? change = null, Action<MqttClientOptionsBuilder>? mqtt = null)
    {
        var publisher = await StartPublisherAsync(change, mqtt);
        await Eventually.Async(() => publisher.Status.Connection == ConnectionState.Connected, "the publisher connects");
        return publisher;
    }

    /// <summary>Ends the publisher without letting another byte of it or for it pass: what broker and ledger have is all that the next one finds.</summary>
    public async Task CrashAsync(ReliablePublisher publisher)
    {
        Proxy.Refuses = true;
        Proxy.Cut();
        await publisher.DisposeAsync();
        Proxy.Refuses = false;
    }

    /// <summary>Puts another broker, which knows no session, in the place of the current one, and cuts the publisher's connection.</summary>
    public async Task ReplaceBrokerAsync()
    {
        await AddBrokerAsync();
        Proxy.TargetPort = Broker.Port;
        Proxy.Cut();
    }

    /// <summary>
    /// What the subscriber has got: all that the broker has taken up to this call, since a last message of another client goes the same way behind it.
    /// </summary>
    public async Task<IReadOnlyList<Delivery>> DeliveriesAsync()
    {
        var mark = $"{FenceTopic}/{Interlocked.Increment(ref _fences)}";
        using var client = await RawClient.ConnectAsync(Broker.Port, "fence", clean: true);
        await client.PublishExactlyOnceAsync(mark, "", 1);
        var counter = Counter;
        await Eventually.Async(
            () => counter.Deliveries.Any(delivery => delivery.Topic == mark), () => $"the last message; before it there came {counter.Count}");
        return [.. counter.Deliveries.TakeWhile(delivery => delivery.Topic != mark)
            .Where(delivery => !delivery.Topic.StartsWith(FenceTopic, StringComparison.Ordinal))];
    }

    /// <summary>Fails when the ledger holds a message, pending or dead.</summary>
    public async Task AssertNothingStoredAsync()
    {
        var now = await Ledger.GetStatisticsAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0, 0, 0), (now.Backlog, now.InFlight, now.DeadLetters));
    }

    public async ValueTask DisposeAsync()
    {
        var finished = IsFinished;
        for (var i = _parts.Count - 1; i >= 0; i--) await _parts[i].DisposeAsync();
        Audit(finished);
        if (_log.Entries.FirstOrDefault(entry => entry.Id == DispatcherFailed) is { Text: { } text })
            throw new InvalidOperationException($"The dispatcher failed during the test: {text}");
    }

    private async Task AddBrokerAsync()
    {
        _parts.Add(Broker = await TestedBroker.StartAsync(_kind, _settings));
        if (_counting) _parts.Add(Counter = await DeliveryCounter.StartAsync(Broker.Port));
    }

    private sealed class OneLogger(ILogger logger) : ILoggerFactory
    {
        public ILogger CreateLogger(string categoryName) => logger;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
