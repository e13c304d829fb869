using System.Diagnostics;
using System.Text.Json;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace OrdersApi.Demo;

/// <summary>One span, as a process of the demo reports it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Span">Which trace and span it is.</param>
/// <param name="Parent">The span that it is a child of.</param>
/// <param name="MessageId">The order.</param>
/// <param name="Links">The spans that it is linked to.</param>
public sealed record ReportedSpan(string Name, SpanKey Span, SpanKey Parent, string? MessageId, IReadOnlyList<SpanKey> Links);

/// <summary>Names a span in all processes.</summary>
public sealed record SpanKey(string TraceId, string SpanId);

/// <summary>An exporter of OpenTelemetry's that writes each span as a line to the standard output, where the demo collects them.</summary>
public sealed class SpanLines : BaseExporter<Activity>
{
    public const string Name = "lines";
    public const string Prefix = "span ";

    public override ExportResult Export(in Batch<Activity> batch)
    {
        foreach (var activity in batch)
        {
            var span = new ReportedSpan(
                activity.OperationName,
                new SpanKey(activity.TraceId.ToHexString(), activity.SpanId.ToHexString()),
                new SpanKey(activity.TraceId.ToHexString(), activity.ParentSpanId.ToHexString()),
                activity.GetTagItem("messaging.message.id") as string,
                [.. activity.Links.Select(link => new SpanKey(link.Context.TraceId.ToHexString(), link.Context.SpanId.ToHexString()))]);
            Console.WriteLine(Prefix + JsonSerializer.Serialize(span));
        }

        return ExportResult.Success;
    }
}

public static class SpanLinesExtensions
{
    /// <summary>At once, not in batches: a process that is killed has reported what it has done.</summary>
    public static TracerProviderBuilder AddSpanLines(this TracerProviderBuilder traces) => traces.AddProcessor(new SimpleActivityExportProcessor(new SpanLines()));
}
