using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ReliableMqtt;

/// <summary>
/// Healthy: it accepts, and somebody sends. Degraded: it accepts, but the broker is not reached, or the oldest message has waited for too long; a restart would not help. Unhealthy: it cannot
/// accept.
/// </summary>
internal sealed class ReliableMqttHealthCheck(HostedPublisher publisher) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var status = publisher.Status;
        var settings = publisher.Settings;
        var data = new Dictionary<string, object>
        {
            ["connected"] = status.Connection == ConnectionState.Connected,
            ["connection"] = status.Connection.ToString(),
            ["owner"] = status.IsOwner,
            ["pending"] = status.Pending,
            ["in_flight"] = status.InFlight,
            ["dead_lettered"] = status.DeadLettered,
            ["oldest_age_seconds"] = status.OldestAge?.TotalSeconds ?? 0,
            ["durability"] = status.Durability?.Level.ToString() ?? "Unknown",
        };
        var (health, why) = Judge(status, settings);
        return Task.FromResult(health == HealthStatus.Unhealthy
            ? new HealthCheckResult(context.Registration.FailureStatus, why, null, data)
            : new HealthCheckResult(health, why, null, data));
    }

    internal static (HealthStatus Status, string Why) Judge(PublisherStatus status, ReliableMqttOptions settings)
    {
        if (status.Connection == ConnectionState.Stopped) return (HealthStatus.Unhealthy, "The publisher has ended: nothing is accepted.");
        if (!status.IsLedgerAvailable) return (HealthStatus.Unhealthy, "The ledger does not answer: nothing is accepted. What was accepted is safe in it.");
        if (status.IsLedgerFull) return (HealthStatus.Unhealthy, "The ledger is full: nothing more is accepted until the broker has confirmed some of it.");
        if (status is { Connection: ConnectionState.Fenced, IsOwner: true })
            return (HealthStatus.Unhealthy, "Another client has taken the session at the broker, with this client id and not through the ledger: nobody sends. Give each publisher an id of its own, then reconnect.");
        if (status.OldestAge > settings.OldestPendingLimit) return (HealthStatus.Degraded, $"The oldest message has waited for {status.OldestAge}, longer than {settings.OldestPendingLimit}.");
        if (settings.AcceptOnly) return (HealthStatus.Healthy, "Accepting; another process sends.");
        if (!status.IsOwner) return (HealthStatus.Healthy, "Accepting; standing by while another process sends.");
        return status.Connection switch
        {
            ConnectionState.Connected => (HealthStatus.Healthy, "Connected."),
            ConnectionState.Faulted => (HealthStatus.Degraded, "The broker refuses the connection; messages are accepted and wait."),
            _ => (HealthStatus.Degraded, "The broker is not reached; messages are accepted and wait."),
        };
    }
}
