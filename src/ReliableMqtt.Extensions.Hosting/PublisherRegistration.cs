using Microsoft.Extensions.DependencyInjection;
using MQTTnet;
using ReliableMqtt.Ledger;

namespace ReliableMqtt;

/// <summary>What the application's code has said of one hosted publisher.</summary>
internal sealed class PublisherRegistration(IServiceCollection services, string name) : IReliableMqttBuilder
{
    private readonly List<Action<IServiceProvider, MqttClientOptionsBuilder>> _mqtt = [];

    public IServiceCollection Services => services;

    public string Name => name;

    public Func<IServiceProvider, AckLedger>? Ledger { get; private set; }

    public List<Action<IServiceProvider, IMqttClient>> Clients { get; } = [];

    public bool SetsBroker => _mqtt.Count > 0;

    public IReliableMqttBuilder UseLedger(Func<IServiceProvider, AckLedger> ledger)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        Ledger = ledger;
        return this;
    }

    public void Add(Action<IServiceProvider, MqttClientOptionsBuilder> configure) => _mqtt.Add(configure);

    public void Apply(IServiceProvider provider, MqttClientOptionsBuilder client)
    {
        foreach (var configure in _mqtt) configure(provider, client);
    }
}
