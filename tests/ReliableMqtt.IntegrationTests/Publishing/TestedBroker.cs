using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Sample.Broker;

namespace ReliableMqtt.IntegrationTests.Publishing;

/// <summary>The brokers that the promise is tested against.</summary>
public enum BrokerKind { Mosquitto, Embedded }

/// <summary>A broker of either kind, as far as these tests use it.</summary>
internal sealed class TestedBroker : IAsyncDisposable
{
    private readonly MosquittoBroker? _mosquitto;
    private readonly EmbeddedBroker? _embedded;

    private TestedBroker(MosquittoBroker? mosquitto, EmbeddedBroker? embedded) => (_mosquitto, _embedded) = (mosquitto, embedded);

    public int Port => _mosquitto?.Port ?? _embedded!.Port;

    public static async Task<TestedBroker> StartAsync(BrokerKind kind, MosquittoSettings? settings = null)
    {
        if (kind == BrokerKind.Mosquitto) return new(await MosquittoBroker.StartAsync(settings), null);
        var embedded = new EmbeddedBroker();
        await embedded.StartAsync();
        return new(null, embedded);
    }

    /// <summary>Stops and starts it on the same port; it keeps its sessions. mosquitto gets SIGTERM.</summary>
    public Task RestartAsync() => _mosquitto?.RestartAsync() ?? _embedded!.RestartAsync();

    public ValueTask DisposeAsync() => _mosquitto?.DisposeAsync() ?? _embedded!.DisposeAsync();
}
