using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace ReliableMqtt;

/// <summary>The health check of a hosted publisher.</summary>
public static class ReliableMqttHealthChecksBuilderExtensions
{
    /// <summary>
    /// Adds a health check: Healthy when it accepts and somebody sends; Degraded when it accepts but the broker is not reached, which a restart would not mend, or when the oldest message has waited
    /// for longer than <see cref="ReliableMqttOptions.OldestPendingLimit"/>; Unhealthy when it cannot accept (no ledger, no room, ended). It asks nobody: it looks at what the publisher knows.
    /// </summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="name">The name of the check.</param>
    /// <param name="failureStatus">What is told instead of Unhealthy; null for Unhealthy.</param>
    /// <param name="tags">Tags, for filters.</param>
    /// <param name="timeout">How long it may take; null for no limit. It answers at once.</param>
    /// <param name="key">The key of a publisher that <c>AddKeyedReliableMqtt</c> has added; null for the one without.</param>
    public static IHealthChecksBuilder AddReliableMqtt(
        this IHealthChecksBuilder builder, string name = "reliable_mqtt", HealthStatus? failureStatus = null, IEnumerable<string>? tags = null, TimeSpan? timeout = null, string? key = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            name, services => new ReliableMqttHealthCheck(services.GetRequiredKeyedService<HostedPublisher>(key ?? Options.DefaultName)), failureStatus, tags, timeout));
    }
}
