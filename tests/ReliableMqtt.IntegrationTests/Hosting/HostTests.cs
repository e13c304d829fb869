using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.IntegrationTests.Hosting;

// Proves that a hosted publisher delivers, drains at the end, and tells its health.
public sealed class HostTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static (IHost Host, IConfigurationRoot Configuration) Build(Rig rig, Action<HostApplicationBuilder>? configure = null, Action<IReliableMqttBuilder>? publisher = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Mqtt:PublisherId"] = Rig.PublisherId,
            ["Mqtt:Broker:Host"] = "127.0.0.1",
            ["Mqtt:Broker:Port"] = $"{rig.Proxy.Port}",
            ["Mqtt:Broker:UserName"] = "first",
            ["Mqtt:MinBackoff"] = "00:00:00.010",
            ["Mqtt:MaxBackoff"] = "00:00:00.100",
        });
        var added = builder.Services.AddReliableMqtt(builder.Configuration.GetSection("Mqtt")).UseLedger(_ => new InMemoryAckLedger(rig.Store));
        publisher?.Invoke(added);
        configure?.Invoke(builder);
        return (builder.Build(), builder.Configuration);
    }

    [Fact]
    public async Task What_is_accepted_while_the_host_ends_is_delivered_before_it_has_ended()
    {
        await using var rig = await Rig.StartAsync(BrokerKind.Embedded);
        var (host, _) = Build(rig, builder => builder.Services.AddHostedService<LastWords>());
        await host.StartAsync(Cancel);
        await host.Services.GetRequiredService<IReliablePublisher>().Publish("first");
        await host.StopAsync(Cancel);
        Assert.Equal(["first", "last words"], (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload));
        Assert.Equal(0, (rig.Store.Find(Rig.PublisherId)!).Count(new LedgerOpenOptions { PublisherId = Rig.PublisherId }).InFlight);
        host.Dispose();
    }

    [Fact]
    public async Task Credentials_that_have_changed_count_from_the_next_connection_on()
    {
        await using var rig = await Rig.StartAsync(BrokerKind.Embedded);
        var seen = new ConcurrentQueue<string>();
        var (host, configuration) = Build(rig, publisher: added => added.ConfigureMqttClient((_, client) =>
        {
            var options = client.Build();
            seen.Enqueue(options.Credentials!.GetUserName(options));
        }));
        using var disposing = host;
        await host.StartAsync(Cancel);
        var publisher = host.Services.GetRequiredService<IReliablePublisher>();
        await publisher.Publish("one");
        configuration["Mqtt:Broker:UserName"] = "second";
        configuration.Reload();
        await publisher.ReconnectAsync(Cancel);
        Assert.Equal(("first", "second"), (seen.First(), seen.Last()));
        await host.StopAsync(Cancel);
    }

    [Fact]
    public async Task Health_goes_down_with_the_broker_and_comes_back_with_it()
    {
        await using var rig = await Rig.StartAsync(BrokerKind.Embedded);
        var (host, _) = Build(rig, builder => builder.Services.AddHealthChecks().AddReliableMqtt());
        using var disposing = host;
        await host.StartAsync(Cancel);
        var health = host.Services.GetRequiredService<HealthCheckService>();
        await IsAsync(HealthStatus.Healthy);
        rig.Proxy.Refuses = true;
        rig.Proxy.Cut();
        await IsAsync(HealthStatus.Degraded);
        Assert.Equal(PublishOutcome.Pending, (await host.Services.GetRequiredService<IReliablePublisher>().Enqueue("m")).Receipt.Outcome);
        rig.Proxy.Refuses = false;
        await IsAsync(HealthStatus.Healthy);
        await host.StopAsync(Cancel);

        Task IsAsync(HealthStatus status) => Eventually.Async(async () => (await health.CheckHealthAsync(Cancel)).Status == status, $"health {status}");
    }

    [Fact]
    public async Task Who_listens_before_the_start_hears_of_the_first_connection()
    {
        await using var rig = await Rig.StartAsync(BrokerKind.Embedded);
        var (host, _) = Build(rig);
        using var disposing = host;
        var states = new ConcurrentQueue<ConnectionState>();
        host.Services.GetRequiredService<IReliablePublisher>().ConnectionStateChangedAsync += change =>
        {
            states.Enqueue(change.State);
            return Task.CompletedTask;
        };
        await host.StartAsync(Cancel);
        await Eventually.True(() => states.Contains(ConnectionState.Connected));
        await host.StopAsync(Cancel);
    }

    private sealed class LastWords(IReliablePublisher publisher) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => publisher.Enqueue("last words");
    }
}
