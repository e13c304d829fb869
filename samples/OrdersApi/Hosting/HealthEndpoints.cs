using Microsoft.AspNetCore.Diagnostics.HealthChecks;

namespace OrdersApi.Hosting;

/// <summary>Health for people and for probes.</summary>
public static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        // Readiness: 200 for Healthy and Degraded, 503 for Unhealthy. A broker that is down is Degraded: orders are accepted all the same.
        app.MapHealthChecks("/health", new HealthCheckOptions
        {
            ResponseWriter = static (context, report) => context.Response.WriteAsJsonAsync(new
            {
                status = report.Status.ToString(),
                checks = report.Entries.ToDictionary(entry => entry.Key, entry => new { status = entry.Value.Status.ToString(), entry.Value.Description, entry.Value.Data }),
            }),
        });

        // Liveness: that it answers. No trouble of broker or ledger is mended by a restart.
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = static _ => false });
    }
}
