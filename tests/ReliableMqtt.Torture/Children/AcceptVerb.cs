using System.CommandLine;
using System.Diagnostics;
using ReliableMqtt.Torture.Checks;

namespace ReliableMqtt.Torture.Children;

/// <summary><c>child-accept</c>: on <c>go N</c> accepts the messages 1 to N in batches, and waits for nothing but their acceptance.</summary>
internal static class AcceptVerb
{
    public const string Name = "child-accept";
    private const int BatchSize = 1_000, BatchesAtOnce = 4, TellEach = 100_000;

    public static Command Create()
    {
        var size = new Option<int>("--size") { DefaultValueFactory = _ => 128 };
        return ChildOptions.Create(Name, async (parsed, options, history, _) =>
        {
            await using var publisher = await ReliablePublisher.StartAsync(options with { MaxPending = long.MaxValue / 2, MaxPendingBytes = 1L << 50, ShutdownTimeout = TimeSpan.Zero }, CancellationToken.None);
            history.State("started", Stopwatch.GetTimestamp());
            await foreach (var command in ChildOptions.CommandsAsync()) await AcceptAsync(publisher, HistoryWriter.NumberOf(command), parsed.GetValue(size), history);
        }, size);
    }

    private static async Task AcceptAsync(ReliablePublisher publisher, long messages, int size, HistoryWriter history)
    {
        var pending = new Queue<Task<IReadOnlyList<PendingPublish>>>();
        long accepted = 0, told = 0;
        for (long next = 1; next <= messages || pending.Count > 0;)
        {
            if (next <= messages && pending.Count < BatchesAtOnce)
            {
                var last = Math.Min(next + BatchSize - 1, messages);
                pending.Enqueue(publisher.EnqueueBatchAsync(Batch(next, last, size)));
                next = last + 1;
                continue;
            }

            foreach (var receipt in await pending.Dequeue())
                accepted += receipt.Receipt.Outcome == PublishOutcome.Pending ? 1 : throw new InvalidOperationException($"A message is {receipt.Receipt.Outcome}: {receipt.Receipt.ReasonString}");
            if (accepted - told < TellEach) continue;
            told = accepted;
            history.State("progress", accepted);
        }

        history.State("accepted", accepted);
    }

    private static PublishMessage[] Batch(long first, long last, int size)
    {
        var batch = new PublishMessage[last - first + 1];
        for (var i = 0; i < batch.Length; i++) batch[i] = new PublishMessage("backlog/a", Payload.Encode(first + i, "b", size));
        return batch;
    }
}
