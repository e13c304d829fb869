using ReliableMqtt.Benchmarks.Measuring;

namespace ReliableMqtt.Benchmarks.Contenders;

/// <summary>Keeps a number of calls outstanding.</summary>
internal static class Pipeline
{
    public static Task RunAsync(int messages, int callers, Func<Task> publish) => RunAsync(messages, callers, publish, Latencies.Ignored);

    public static async Task RunAsync(int messages, int callers, Func<Task> publish, Latencies latencies)
    {
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            for (int message; (message = Interlocked.Increment(ref next)) < messages;)
            {
                var started = Latencies.Now;
                await publish();
                latencies.Record(message, started);
            }
        }));
    }
}
