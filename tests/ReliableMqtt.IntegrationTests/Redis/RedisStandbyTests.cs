using System.Globalization;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using ReliableMqtt.Tests;

namespace ReliableMqtt.IntegrationTests.Redis;

// Several publishers with one publisher id: all accept, one sends, any takes over.
public sealed class RedisStandbyTests : IAsyncLifetime
{
    private RedisServer _redis = null!;
    private Rig _rig = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(_redis.Address));
    }

    public async ValueTask DisposeAsync()
    {
        if (_rig is not null) await _rig.DisposeAsync();
        if (_redis is not null) await _redis.DisposeAsync();
    }

    [Fact]
    public async Task All_accept_and_one_sends_in_the_order_of_the_ledger()
    {
        var owner = await _rig.ConnectPublisherAsync();
        ReliablePublisher[] all = [owner, await StandbyAsync(), await StandbyAsync()];
        var receipts = await Task.WhenAll(Enumerable.Range(0, 600).Select(i => all[i % 3].Publish(PublisherCalls.WithId($"m{i}", i.ToString(CultureInfo.InvariantCulture), 1 + (i % 2)))));
        Assert.All(receipts, receipt => Assert.Equal((PublishOutcome.Confirmed, PublisherCalls.Topic), (receipt.Outcome, receipt.Topic)));

        var payloads = _rig.Publishes.Select(packet => int.Parse(packet.Payload!, CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(600, payloads.Distinct().Count());
        foreach (var replica in Enumerable.Range(0, 3))
            Assert.True(payloads.Where(i => i % 3 == replica).Zip(payloads.Where(i => i % 3 == replica).Skip(1)).All(pair => pair.First < pair.Second), "each process' messages keep their order");
        Assert.Equal(600, (await _rig.DeliveriesAsync()).Count);
        Assert.Equal((true, false, false), (all[0].Status.IsOwner, all[1].Status.IsOwner, all[2].Status.IsOwner));
        await _rig.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task Who_only_accepts_makes_no_connection_and_gets_its_receipts()
    {
        var frontEnd = await _rig.StartPublisherAsync(options => options with { AcceptOnly = true, Mqtt = null });
        var pending = await frontEnd.Enqueue("before there is an owner", 2);
        Assert.Equal((PublishOutcome.Pending, false), ((await frontEnd.Receipt(pending.MessageId)).Outcome, frontEnd.Status.IsOwner));
        Assert.Empty(_rig.Tap.Of(MQTTnet.Protocol.MqttControlPacketType.Connect, Direction.ToBroker));

        await _rig.ConnectPublisherAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await pending.Confirm()).Outcome);
        var receipts = await frontEnd.PublishBatchAsync([.. Enumerable.Range(0, 100).Select(i => PublisherCalls.Message($"m{i}", 2))], Cancel);
        Assert.All(receipts, receipt => Assert.Equal(PublishOutcome.Confirmed, receipt.Outcome));
        await frontEnd.FlushAsync(Cancel);
        Assert.Equal(101, (await _rig.DeliveriesAsync()).Count);

        var refused = await Assert.ThrowsAsync<ReliablePublishException>(() => frontEnd.Publish("m", 0));
        Assert.Equal(PublishFailure.NotConnected, refused.Reason);
        await Assert.ThrowsAsync<InvalidOperationException>(() => frontEnd.ReconnectAsync(Cancel));
    }

    [Fact]
    public async Task A_standby_takes_over_at_once_when_the_owner_ends_and_its_waiters_are_answered()
    {
        var owner = await _rig.ConnectPublisherAsync(options => options with { LeaseDuration = TimeSpan.FromMinutes(10) });
        var standby = await StandbyAsync(TimeSpan.FromMinutes(10));
        Assert.Equal(PublishOutcome.Confirmed, (await standby.Publish("by the first")).Outcome);
        _rig.Proxy.Refuses = true;
        _rig.Proxy.Cut();
        var waiting = Enumerable.Range(0, 20).Select(i => standby.Publish($"m{i}", 2)).ToList();
        await _rig.CrashAsync(owner);

        Assert.All(await Task.WhenAll(waiting), receipt => Assert.Equal(PublishOutcome.Confirmed, receipt.Outcome));
        Assert.True(standby.Status.IsOwner);
        Assert.Equal(21, (await _rig.DeliveriesAsync()).Count);
    }

    [Fact]
    public async Task An_owner_that_slept_through_its_lease_is_fenced_says_so_and_becomes_a_standby()
    {
        var states = new List<ConnectionState>();
        var sleeper = new SleepyLedger(new RedisAckLedger(_redis.Address));
        var first = await _rig.ConnectPublisherAsync(options => options with { Ledger = sleeper });
        first.ConnectionStateChangedAsync += change =>
        {
            lock (states) states.Add(change.State);
            return Task.CompletedTask;
        };
        var second = await StandbyAsync();
        sleeper.Sleep();
        await Eventually.Async(() => second.Status is { IsOwner: true, Connection: ConnectionState.Connected }, "the standby takes over");
        var asleep = first.Publish("given while it slept", 2);
        sleeper.Wake();

        Assert.Equal(PublishOutcome.Confirmed, (await asleep).Outcome);
        Assert.Equal(PublishOutcome.Confirmed, (await first.Publish("afterwards", 2)).Outcome);
        await first.StatusIsAsync(status => status is { IsOwner: false, Connection: ConnectionState.Fenced });
        lock (states) Assert.Contains(ConnectionState.Fenced, states);
        Assert.Contains(_rig.LogEntries, entry => entry.Id == 3005);
        Assert.True(second.Status.IsOwner);
        Assert.Equal(2, (await _rig.DeliveriesAsync()).Count);
    }

    [Fact]
    public async Task The_bound_of_pending_messages_holds_for_all_together()
    {
        _rig.Proxy.Refuses = true;
        var owner = await _rig.StartPublisherAsync(options => options with { MaxPending = 10, Overflow = OverflowPolicy.Reject });
        var standby = await StandbyAsync(change: options => options with { MaxPending = 10, Overflow = OverflowPolicy.Reject });
        for (var i = 0; i < 5; i++)
        {
            await owner.Enqueue($"o{i}", 1);
            await standby.Enqueue($"s{i}", 1);
        }

        foreach (var publisher in new[] { owner, standby })
            Assert.Equal(PublishFailure.LedgerFull, (await Assert.ThrowsAsync<ReliablePublishException>(() => publisher.Enqueue("too many", 1))).Reason);
        _rig.Proxy.Refuses = false;
        await standby.FlushAsync(Cancel);
        Assert.Equal(10, (await _rig.DeliveriesAsync()).Count);
        await standby.Publish("there is room again");
    }

    private async Task<ReliablePublisher> StandbyAsync(TimeSpan? lease = null, Func<ReliablePublisherOptions, ReliablePublisherOptions>? change = null)
    {
        var standby = await _rig.StartPublisherAsync(options => (change?.Invoke(options) ?? options) with { LeaseDuration = lease ?? TimeSpan.FromSeconds(5) });
        await Eventually.Async(() => _rig.LogEntries.Any(entry => entry.Id == 3013), "it says that it is a standby");
        return standby;
    }

    /// <summary>For its publisher no call of the ledger comes back while it sleeps, as for a process that stands still.</summary>
    private sealed class SleepyLedger(AckLedger inner) : DelegatingLedger(inner)
    {
        private volatile TaskCompletionSource? _sleep;

        public void Sleep() => _sleep = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Wake()
        {
            var sleep = _sleep;
            _sleep = null;
            sleep!.SetResult();
        }

        public override async ValueTask<LeaseRenewal> RenewAsync(LedgerEpoch epoch, CancellationToken cancellationToken)
        {
            await RestAsync(cancellationToken);
            return await base.RenewAsync(epoch, cancellationToken);
        }

        public override async ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken)
        {
            await RestAsync(cancellationToken);
            return await base.CommitAsync(commit, cancellationToken);
        }

        private Task RestAsync(CancellationToken cancellationToken) => _sleep?.Task.WaitAsync(cancellationToken) ?? Task.CompletedTask;
    }
}
