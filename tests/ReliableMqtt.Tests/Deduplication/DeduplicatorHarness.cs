using Microsoft.Extensions.Time.Testing;
using MQTTnet;
using ReliableMqtt.Deduplication;

namespace ReliableMqtt.Tests.Deduplication;

/// <summary>A clock, a store behind it that all deduplicators of a test share, and messages.</summary>
internal sealed class DeduplicatorHarness
{
    public DeduplicatorHarness()
    {
        Inner = new InMemoryProcessedMessageStore(timeProvider: Clock);
        Store = new ScriptedStore(Inner);
    }

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public InMemoryProcessedMessageStore Inner { get; }

    public ScriptedStore Store { get; }

    /// <summary>What handlers of <see cref="Deduplicator"/> were called with.</summary>
    public List<ReceivedMessage> Handled { get; } = [];

    public DeduplicationOptions Options { get; set; } = new() { ClaimTimeout = TimeSpan.FromSeconds(10), MinBackoff = TimeSpan.FromSeconds(1), MaxBackoff = TimeSpan.FromSeconds(2) };

    /// <summary>Another process: a deduplicator whose handler notes the message, and then does this.</summary>
    public MessageDeduplicator Deduplicator(Func<ReceivedMessage, CancellationToken, Task>? then = null, ProcessedMessageStore? store = null) => new(
        store ?? Store,
        async (received, cancel) =>
        {
            lock (Handled) Handled.Add(received);
            if (then is not null) await then(received, cancel);
        },
        Options with { TimeProvider = Clock });

    public static MqttApplicationMessage Message(string? id = "m1", string topic = "t", string? publisher = "p")
    {
        var builder = new MqttApplicationMessageBuilder().WithTopic(topic).WithPayload("x");
        if (publisher is not null) builder.WithUserProperty(DeduplicationKey.PublisherIdUserPropertyName, System.Text.Encoding.UTF8.GetBytes(publisher));
        if (id is not null) builder.WithUserProperty(MessageId.UserPropertyName, System.Text.Encoding.UTF8.GetBytes(id));
        return builder.Build();
    }

    /// <summary>Lets time pass, in small steps, until the task ends.</summary>
    public async Task<T> EndsAsync<T>(Task<T> task)
    {
        await UntilAsync(() => task.IsCompleted, advance: true);
        return await task;
    }

    /// <summary>Lets time pass until something is so; or waits for it while time stands still.</summary>
    public async Task UntilAsync(Func<bool> condition, bool advance)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromSeconds(60)) throw new TimeoutException("It does not come true.");
            if (advance) Clock.Advance(TimeSpan.FromMilliseconds(20));
            await Task.Delay(1, Cancel); // Lets others run; nothing depends on how long it is.
        }
    }
}
