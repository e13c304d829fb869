using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Telemetry;

/// <summary>What OpenTelemetry's own SDK exports of the publishers in this process. It listens to all of them, so its tests run alone.</summary>
internal sealed class ExportedTelemetry : IDisposable
{
    private readonly List<Activity> _spans = [];
    private readonly List<MetricSnapshot> _metrics = [];
    private readonly TracerProvider _tracer;
    private readonly MeterProvider _meter;

    public ExportedTelemetry()
    {
        _tracer = Sdk.CreateTracerProviderBuilder().AddSource(ReliableMqttTelemetry.SourceName).AddInMemoryExporter(_spans).Build();
        _meter = Sdk.CreateMeterProviderBuilder().AddMeter(ReliableMqttTelemetry.MeterName).AddInMemoryExporter(_metrics).Build();
    }

    /// <summary>All instruments with what they say now.</summary>
    public IReadOnlyList<MetricSnapshot> Collect()
    {
        _metrics.Clear();
        _meter.ForceFlush();
        return [.. _metrics];
    }

    /// <summary>The sum of a counter or gauge, of those that carry this attribute.</summary>
    public double Sum(string name, string? attribute = null, string? value = null)
    {
        var sum = 0.0;
        foreach (var metric in Collect().Where(metric => metric.Name == name))
        {
            foreach (var point in metric.MetricPoints)
            {
                if (attribute is not null && !Has(point, attribute, value!)) continue;
                sum += metric.MetricType switch
                {
                    MetricType.Histogram => point.GetHistogramCount(),
                    MetricType.DoubleGauge => point.GetGaugeLastValueDouble(),
                    _ => point.GetSumLong(),
                };
            }
        }

        return sum;
    }

    /// <summary>The spans with this name, when there are so many.</summary>
    public async Task<IReadOnlyList<Activity>> SpansAsync(string name, int count = 1)
    {
        await Eventually.Async(() => Spans(name).Count >= count, () => $"{Spans(name).Count} spans {name}");
        return Spans(name);
    }

    public void Dispose()
    {
        _tracer.Dispose();
        _meter.Dispose();
    }

    private List<Activity> Spans(string name)
    {
        lock (_spans) return [.. _spans.ToArray().Where(span => span.OperationName == name)];
    }

    private static bool Has(MetricPoint point, string attribute, string value)
    {
        foreach (var tag in point.Tags)
            if (tag.Key == attribute && (string?)tag.Value == value) return true;
        return false;
    }
}

/// <summary>Listeners are of the whole process: a test beside them would be traced too.</summary>
[CollectionDefinition(nameof(TelemetryCollection), DisableParallelization = true)]
public sealed class TelemetryCollection;
