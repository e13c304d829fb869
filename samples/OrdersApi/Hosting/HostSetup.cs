using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using OrdersApi.Consumer;
using OrdersApi.Demo;
using ReliableMqtt;
using ReliableMqtt.Sqlite;

namespace OrdersApi.Hosting;

/// <summary>What both kinds of process have in common.</summary>
public static class HostSetup
{
    public static WebApplicationBuilder CreateBuilder(string[] args)
    {
        // The settings lie beside the program, wherever it is started from.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.AddTelemetry(builder.Configuration["Telemetry"] ?? "none");
        return builder;
    }

    /// <summary><c>sqlite:FILE</c> or an address of Redis.</summary>
    public static IReliableMqttBuilder UseConfiguredLedger(this IReliableMqttBuilder publisher, IConfiguration configuration)
    {
        var ledger = configuration["Ledger"] ?? throw new InvalidOperationException("The setting Ledger is missing: sqlite:FILE, or redis://host:port.");
        return ledger.StartsWith("sqlite:", StringComparison.Ordinal) ? publisher.UseSqliteLedger(ledger["sqlite:".Length..]) : publisher.UseRedisLedger(ledger);
    }

    private static void AddTelemetry(this WebApplicationBuilder builder, string exporter)
    {
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("orders", serviceInstanceId: builder.Configuration["ReliableMqtt:PublisherId"]))
            .WithMetrics(metrics => metrics.AddMeter(ReliableMqttTelemetry.MeterName))
            .WithTracing(traces => traces
                .AddSource(ReliableMqttTelemetry.SourceName, OrderConsumer.SourceName)
                .AddAspNetCoreInstrumentation(requests => requests.Filter = context => !context.Request.Path.StartsWithSegments("/health")));
        _ = exporter switch
        {
            "console" => telemetry.WithMetrics(metrics => metrics.AddConsoleExporter()).WithTracing(traces => traces.AddConsoleExporter()),
            "otlp" => telemetry.WithMetrics(metrics => metrics.AddOtlpExporter()).WithTracing(traces => traces.AddOtlpExporter()),
            SpanLines.Name => telemetry.WithTracing(traces => traces.AddSpanLines()),
            "none" => telemetry,
            _ => throw new InvalidOperationException($"Telemetry is '{exporter}': use console, otlp or none."),
        };
    }
}
