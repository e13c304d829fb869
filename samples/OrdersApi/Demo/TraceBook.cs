using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace OrdersApi.Demo;

/// <summary>The spans of all processes, and which of them belong together.</summary>
internal sealed class TraceBook
{
    private readonly ConcurrentQueue<ReportedSpan> _spans = new();

    public int Count => _spans.Count;

    /// <exception cref="JsonException">It is no span. A process that is killed may leave half a line, which is none and is left out.</exception>
    public void Add(string json)
    {
        try
        {
            _spans.Enqueue(JsonSerializer.Deserialize<ReportedSpan>(json)!);
        }
        catch (JsonException) when (!json.EndsWith('}'))
        {
        }
    }

    /// <summary>Of how many orders the trace of the customer's request goes on in the consumer.</summary>
    /// <param name="requests">The order, and the trace in which it was posted.</param>
    public int CountLinked(IEnumerable<(string OrderId, ActivityTraceId Trace)> requests)
    {
        var byOrder = _spans.Where(span => span.MessageId is not null).ToLookup(span => span.MessageId!);
        return requests.Count(request => IsLinked(request.Trace.ToHexString(), [.. byOrder[request.OrderId]]));
    }

    // An order that was posted twice has two spans of publishers; each shipment belongs to one of them.
    internal static bool IsLinked(string trace, IReadOnlyCollection<ReportedSpan> spans)
    {
        // A publisher that was killed has not reported the span of its call. The next process names it when it has sent the message.
        var publishers = spans.Where(span => span.Name == "create").Select(span => span.Span)
            .Concat(spans.Where(span => span.Name == "publish").SelectMany(span => span.Links))
            .Where(span => span.TraceId == trace).ToHashSet();
        var processed = spans.Where(span => span.Name == "process").SelectMany(span => span.Links).Where(publishers.Contains).ToHashSet();
        return spans.Where(span => span.Name == "ship").Select(span => span.Parent) is var shipped && shipped.Any() && shipped.All(processed.Contains);
    }
}
