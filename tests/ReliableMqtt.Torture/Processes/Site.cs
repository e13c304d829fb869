using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Redis;
using ReliableMqtt.Torture.Verbs;

namespace ReliableMqtt.Torture.Processes;

/// <summary>
/// What most verbs need: a Redis, a mosquitto, a tapped proxy before it through which publishers connect, and a subscriber directly at the broker that
/// counts what arrives. All of it is gone with the object.
/// </summary>
internal sealed class Site : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _parts = [];
    private readonly Run _run;

    private Site(Run run) => _run = run;

    public RedisServer Redis { get; private set; } = null!;

    public MosquittoBroker Broker { get; private set; } = null!;

    public WireTap Tap { get; private set; } = null!;

    public CuttingProxy Proxy { get; private set; } = null!;

    /// <summary>Null when nobody was to count.</summary>
    public DeliveryCounter? Counter { get; private set; }

    /// <summary>Starts it. mosquitto takes many messages at a time and drops none. Without a Redis when the verb has others.</summary>
    public static async Task<Site> StartAsync(Run run, RedisSettings? redis = null, bool counts = true, bool keepsWire = true, bool withRedis = true)
    {
        var site = new Site(run) { Tap = new WireTap(keepsWire) };
        try
        {
            if (withRedis) site._parts.Add(site.Redis = await RedisServer.StartAsync(redis));
            site._parts.Add(site.Broker = await MosquittoBroker.StartAsync(new MosquittoSettings { MaxInflightMessages = 1_000, ExtraLines = ["set_tcp_nodelay true"] }));
            site.Proxy = site.AddProxy();
            if (counts) site._parts.Add(site.Counter = await DeliveryCounter.StartAsync(site.Broker.Port));
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>Another way to the broker, seen by the same tap.</summary>
    public CuttingProxy AddProxy(string? name = null)
    {
        var proxy = CuttingProxy.Start(Broker.Port, Tap, name);
        _parts.Add(proxy);
        return proxy;
    }

    /// <summary>Options of a publisher in this process, which reconnects quickly and at its disposal waits for nothing.</summary>
    public ReliablePublisherOptions Options(string publisherId) => new()
    {
        PublisherId = publisherId,
        Ledger = new RedisAckLedger(Redis.Address),
        Mqtt = client => client.WithTcpServer("127.0.0.1", Proxy.Port),
        MinBackoff = TimeSpan.FromMilliseconds(10),
        MaxBackoff = TimeSpan.FromMilliseconds(100),
        LeaseDuration = TimeSpan.FromSeconds(5),
        ShutdownTimeout = TimeSpan.Zero,
        LoggerFactory = _run.Logging,
    };

    public async ValueTask DisposeAsync()
    {
        for (var i = _parts.Count - 1; i >= 0; i--) await _parts[i].DisposeAsync();
    }
}
