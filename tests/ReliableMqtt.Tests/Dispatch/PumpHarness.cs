using Microsoft.Extensions.Logging.Abstractions;
using MQTTnet.Protocol;
using ReliableMqtt.Dispatch;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Dispatch;

/// <summary>A pump on a ledger in memory, with a wire that only writes down what leaves.</summary>
internal sealed class PumpHarness : IAsyncDisposable, IWire
{
    private readonly List<OutboundPacket> _sent = [];
    private readonly TaskCompletionSource<int> _probed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PumpHarness(AckLedger? ledger = null, SessionSettings? settings = null, TimeProvider? time = null)
    {
        Ledger = ledger ?? new InMemoryAckLedger();
        Pump = new PublisherPump(Ledger, time ?? TimeProvider.System, NullLogger.Instance) { Wire = this, Settings = settings ?? new SessionSettings() };
        Ledger.Finished += answers => Pump.Post(new(PumpInputKind.Finished) { Subject = answers });
    }

    public AckLedger Ledger { get; }

    public PublisherPump Pump { get; }

    public List<RecycleReason> Recycled { get; } = [];

    public OutboundPacket[] Sent
    {
        get { lock (_sent) return [.. _sent]; }
    }

    public SessionSettings Settings { get; init; } = new();

    public static async Task<PumpHarness> OwnedAsync(SessionSettings? settings = null)
    {
        var harness = new PumpHarness { Settings = settings ?? new SessionSettings() };
        await harness.Ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p" }, TestContext.Current.CancellationToken);
        await harness.OwnAsync();
        return harness;
    }

    public async Task OwnAsync()
    {
        var epoch = (await Ledger.AcquireAsync(default)).Epoch!.Value;
        await Pump.OwnAsync(new PublishSession(Settings, epoch, await Ledger.RecoverAsync(epoch, default)));
    }

    public PublishTicket Publish(string topic = "t", bool wantsConfirm = false, string? id = null)
    {
        var record = new LedgerRecord { Topic = topic, QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce, MessageId = id is null ? default : new MessageId(id) };
        var ticket = new PublishTicket(wantsConfirm) { Record = record };
        Assert.True(Pump.Post(new(PumpInputKind.Publish) { Record = record, Subject = ticket }));
        return ticket;
    }

    public FlushWaiter Flush(bool ownOnly = false)
    {
        var flush = new FlushWaiter { OwnOnly = ownOnly };
        Assert.True(Pump.Post(new(PumpInputKind.Flush) { Subject = flush }));
        return flush;
    }

    /// <summary>Another process owns the publisher id.</summary>
    public void StandBy() => Pump.Post(new(PumpInputKind.Standby));

    /// <summary>Waits for the end of a message that was accepted before.</summary>
    public Task<PublishReceipt?> AwaitAsync(AcceptAnswer answer)
    {
        var waiter = new EndWaiter(answer.Sequence, answer.MessageId, new TaskCompletionSource<PublishReceipt?>(TaskCreationOptions.RunContinuationsAsynchronously));
        Pump.Post(new(PumpInputKind.Await) { Subject = waiter });
        return waiter.Source.Task;
    }

    /// <summary>Completes when everything that was posted before has been handled.</summary>
    public async Task SettleAsync()
    {
        var probe = new EndWaiter(long.MaxValue, default, new TaskCompletionSource<PublishReceipt?>(TaskCreationOptions.RunContinuationsAsynchronously));
        Assert.True(Pump.Post(new(PumpInputKind.Await) { Subject = probe }));
        await probe.Source.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    /// <summary>Waits until so many packets have left; settling alone does not do, since a turn follows the inputs that it takes.</summary>
    public async Task<OutboundPacket[]> SentAsync(int count)
    {
        var begun = System.Diagnostics.Stopwatch.StartNew();
        while (Sent.Length < count && begun.Elapsed < TimeSpan.FromSeconds(10)) await SettleAsync();
        Assert.Equal(count, Sent.Length);
        return Sent;
    }

    public void Send(int connectionId, ReadOnlySpan<OutboundPacket> packets)
    {
        lock (_sent) _sent.AddRange(packets);
    }

    /// <summary>Waits until the connection is probed.</summary>
    public async Task ProbedAsync(int connectionId)
    {
        for (var i = 0; i < 100_000 && _probed.Task is { IsCompleted: false }; i++) await SettleAsync();
        Assert.Equal(connectionId, await _probed.Task);
    }

    public void Probe(int connectionId) => _probed.TrySetResult(connectionId);

    public void Recycle(int connectionId, RecycleReason reason) => Recycled.Add(reason);

    public ValueTask DisposeAsync() => Pump.DisposeAsync();
}
