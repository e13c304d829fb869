using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite;

namespace ReliableMqtt.Tests.Hosting;

/// <summary>Proves that a publisher starts and ends with its host, and that what cannot work is said at the start. There is no broker here.</summary>
public sealed class HostedPublisherTests
{
    private static readonly PublishMessage Message = new("t", new byte[] { 1 }, MqttQualityOfServiceLevel.ExactlyOnce);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Port 1 is taken by nobody: the connection is refused at once.
    private static Dictionary<string, string?> Settings => new()
    {
        ["ReliableMqtt:PublisherId"] = "p",
        ["ReliableMqtt:Broker:Host"] = "127.0.0.1",
        ["ReliableMqtt:Broker:Port"] = "1",
        ["ReliableMqtt:ShutdownTimeout"] = "00:00:00",
    };

    private static HostApplicationBuilder Builder(Dictionary<string, string?> settings)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(settings);
        return builder;
    }

    private static IHost Host(Dictionary<string, string?> settings, Action<IReliableMqttBuilder>? configure = null)
    {
        var builder = Builder(settings);
        var publisher = builder.Services.AddReliableMqtt(builder.Configuration.GetSection("ReliableMqtt")).UseInMemoryLedger();
        configure?.Invoke(publisher);
        return builder.Build();
    }

    [Fact]
    public async Task The_host_starts_without_a_broker_and_messages_are_accepted()
    {
        using var host = Host(Settings);
        await host.StartAsync(Cancel);
        var publisher = host.Services.GetRequiredService<IReliablePublisher>();
        Assert.Equal(PublishOutcome.Pending, (await publisher.EnqueueAsync(Message, Cancel)).Receipt.Outcome);
        Assert.NotEqual(ConnectionState.Connected, publisher.Status.Connection);
        await host.StopAsync(Cancel);
        Assert.Equal(ConnectionState.Stopped, publisher.Status.Connection);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => publisher.EnqueueAsync(Message, Cancel));
    }

    [Fact]
    public async Task A_call_before_the_start_waits_for_it_and_one_that_never_starts_is_told()
    {
        using var host = Host(Settings);
        var publisher = host.Services.GetRequiredService<IReliablePublisher>();
        Assert.Throws<InvalidOperationException>(() => publisher.Client);
        var early = publisher.EnqueueAsync(Message, Cancel);
        Assert.False(early.IsCompleted);
        await host.StartAsync(Cancel);
        Assert.Equal(PublishOutcome.Pending, (await early).Receipt.Outcome);

        var never = Host(Settings);
        var waiting = never.Services.GetRequiredService<IReliablePublisher>().EnqueueAsync(Message, Cancel);
        await ((IAsyncDisposable)never).DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
    }

    [Theory]
    [InlineData("MaxInFlight", "0", "ReliableMqtt:MaxInFlight must be 1 … 4096, not 0")]
    [InlineData("PublisherId", "", "ReliableMqtt:PublisherId is missing")]
    [InlineData("Broker:Host", "", "ReliableMqtt:Broker:Host is missing")]
    [InlineData("Broker:Port", "0", "ReliableMqtt:Broker:Port must be 1 … 65535")]
    [InlineData("Broker:ProtocolVersion", "3.1", "ReliableMqtt:Broker:ProtocolVersion must be 5.0 or 3.1.1")]
    [InlineData("Broker:KeepAlive", "20:00:00", "ReliableMqtt:Broker:KeepAlive must be 0 … 65535 s")]
    [InlineData("OldestPendingLimit", "00:00:00", "ReliableMqtt:OldestPendingLimit must be above 0")]
    public async Task What_cannot_work_ends_the_start_with_its_path(string setting, string value, string error)
    {
        var settings = Settings;
        settings[$"ReliableMqtt:{setting}"] = value;
        using var host = Host(settings);
        var thrown = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Cancel));
        Assert.Contains(error, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_ledger_the_start_says_how_to_choose_one()
    {
        var builder = Builder(Settings);
        builder.Services.AddReliableMqtt(builder.Configuration.GetSection("ReliableMqtt"));
        using var host = builder.Build();
        var thrown = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync(Cancel));
        Assert.Contains("UseRedisLedger", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_keeps_what_one_host_has_accepted_for_the_next()
    {
        var folder = Directory.CreateTempSubdirectory("reliable-mqtt-").FullName;
        try
        {
            for (var pending = 1; pending <= 2; pending++)
            {
                using var host = Host(Settings, publisher => publisher.UseSqliteLedger(Path.Combine(folder, "ledger.db")));
                await host.StartAsync(Cancel);
                var publisher = host.Services.GetRequiredService<IReliablePublisher>();
                await publisher.EnqueueAsync(Message, Cancel);
                await Mqtt.AdapterHarness.Eventually(() => publisher.Status.Pending == pending);
                Assert.Equal(LedgerDurabilityLevel.Durable, publisher.Status.Durability!.Level);
                await host.StopAsync(Cancel);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_broker_of_the_codes_needs_no_host_in_the_configuration()
    {
        var settings = Settings;
        settings.Remove("ReliableMqtt:Broker:Host");
        using var host = Host(settings, publisher => publisher.ConfigureMqttClient((_, client) => client.WithTcpServer("127.0.0.1", 1)));
        await host.StartAsync(Cancel);
    }

    [Fact]
    public async Task Several_publishers_have_keys_and_settings_of_their_own()
    {
        var builder = Builder([]);
        foreach (var key in new[] { "orders", "alarms" })
            builder.Services.AddKeyedReliableMqtt(key, options => (options.PublisherId, options.Broker.Host, options.Broker.Port, options.ShutdownTimeout) = (key, "127.0.0.1", 1, TimeSpan.Zero)).UseInMemoryLedger();
        using var host = builder.Build();
        await host.StartAsync(Cancel);
        var orders = host.Services.GetRequiredKeyedService<IReliablePublisher>("orders");
        await orders.EnqueueAsync(Message, Cancel);
        await orders.EnqueueAsync(Message, Cancel);
        Assert.NotSame(orders, host.Services.GetRequiredKeyedService<IReliablePublisher>("alarms"));
        Assert.Null(host.Services.GetService<IReliablePublisher>());
        Assert.Throws<InvalidOperationException>(() => builder.Services.AddKeyedReliableMqtt("orders", _ => { }));
    }

    [Fact]
    public async Task What_the_container_owns_is_not_disposed_and_the_publishers_ledger_is()
    {
        var store = new InMemoryLedgerStore();
        var disposable = new Disposable();
        var ledger = new NotingLedger(new InMemoryAckLedger(store));
        var builder = Builder(Settings);
        builder.Services.AddSingleton(disposable);
        builder.Services.AddReliableMqtt(builder.Configuration.GetSection("ReliableMqtt")).UseLedger(services =>
        {
            _ = services.GetRequiredService<Disposable>();
            return ledger;
        });
        using var host = builder.Build();
        await host.StartAsync(Cancel);
        await host.StopAsync(Cancel);
        Assert.True(ledger.IsDisposed);
        Assert.False(disposable.IsDisposed);
    }

    private sealed class Disposable : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }

    private sealed class NotingLedger(AckLedger inner) : DelegatingLedger(inner)
    {
        public bool IsDisposed { get; private set; }

        public override ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return base.DisposeAsync();
        }
    }
}
