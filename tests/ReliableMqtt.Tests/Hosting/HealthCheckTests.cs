using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Hosting;

/// <summary>Proves that only what a restart or a person could mend is unhealthy.</summary>
public sealed class HealthCheckTests
{
    private static readonly PublisherStatus Good = new() { Connection = ConnectionState.Connected, IsOwner = true };

    public static TheoryData<string, PublisherStatus, bool, HealthStatus> Cases => new()
    {
        { "connected", Good, false, HealthStatus.Healthy },
        { "broker down", Good with { Connection = ConnectionState.Disconnected }, false, HealthStatus.Degraded },
        { "broker refuses", Good with { Connection = ConnectionState.Faulted }, false, HealthStatus.Degraded },
        { "oldest is late", Good with { OldestAge = TimeSpan.FromMinutes(6) }, false, HealthStatus.Degraded },
        { "oldest is young", Good with { OldestAge = TimeSpan.FromMinutes(4) }, false, HealthStatus.Healthy },
        { "standing by", Good with { IsOwner = false, Connection = ConnectionState.Disconnected }, false, HealthStatus.Healthy },
        { "taken over by a peer", Good with { IsOwner = false, Connection = ConnectionState.Fenced }, false, HealthStatus.Healthy },
        { "taken over by a stranger", Good with { Connection = ConnectionState.Fenced }, false, HealthStatus.Unhealthy },
        { "only accepting", Good with { IsOwner = false, Connection = ConnectionState.Disconnected }, true, HealthStatus.Healthy },
        { "ledger silent", Good with { IsLedgerAvailable = false }, false, HealthStatus.Unhealthy },
        { "ledger silent, only accepting", Good with { IsLedgerAvailable = false }, true, HealthStatus.Unhealthy },
        { "ledger full", Good with { IsLedgerFull = true }, false, HealthStatus.Unhealthy },
        { "stopped", Good with { Connection = ConnectionState.Stopped }, false, HealthStatus.Unhealthy },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Each_status_has_its_health(string what, PublisherStatus status, bool acceptOnly, HealthStatus expected)
    {
        var (health, why) = ReliableMqttHealthCheck.Judge(status, new ReliableMqttOptions { AcceptOnly = acceptOnly });
        Assert.True(expected == health, $"{what}: {health}, {why}");
        Assert.EndsWith(".", why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, HealthStatus.Unhealthy)]
    [InlineData(HealthStatus.Degraded, HealthStatus.Degraded)]
    public async Task A_publisher_that_has_not_started_is_told_as_the_application_wants(HealthStatus? failure, HealthStatus expected)
    {
        var services = new ServiceCollection().AddLogging();
        services.AddReliableMqtt(options => (options.PublisherId, options.Broker.Host) = ("p", "127.0.0.1")).UseInMemoryLedger();
        services.AddHealthChecks().AddReliableMqtt(failureStatus: failure);
        await using var provider = services.BuildServiceProvider();
        var report = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync(TestContext.Current.CancellationToken);
        var entry = report.Entries["reliable_mqtt"];
        Assert.Equal(expected, entry.Status);
        Assert.Equal(
            ["connected", "connection", "dead_lettered", "durability", "in_flight", "oldest_age_seconds", "owner", "pending"], entry.Data.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_ledger_that_stops_answering_is_seen_without_a_call_and_so_is_its_return()
    {
        var ledger = new SilentLedger(new InMemoryAckLedger());
        await using var publisher = await ReliablePublisher.StartAsync(new ReliablePublisherOptions { PublisherId = "p", Ledger = ledger, AcceptOnly = true, LeaseDuration = TimeSpan.FromSeconds(5) }, TestContext.Current.CancellationToken);
        Assert.True(publisher.Status.IsLedgerAvailable);
        ledger.IsSilent = true;
        await Mqtt.AdapterHarness.Eventually(() => !publisher.Status.IsLedgerAvailable);
        ledger.IsSilent = false;
        await Mqtt.AdapterHarness.Eventually(() => publisher.Status.IsLedgerAvailable);
    }

    private sealed class SilentLedger(AckLedger inner) : DelegatingLedger(inner)
    {
        public volatile bool IsSilent;

        public override ValueTask<LedgerStatistics> GetStatisticsAsync(CancellationToken cancellationToken) =>
            IsSilent ? throw new LedgerUnavailableException("silent") : base.GetStatisticsAsync(cancellationToken);
    }
}
