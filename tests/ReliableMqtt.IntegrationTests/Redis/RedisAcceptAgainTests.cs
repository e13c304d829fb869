using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Redis;

namespace ReliableMqtt.IntegrationTests.Redis;

// A process without the lease, and what it had accepted in a window that Redis has lost.
public sealed class RedisAcceptAgainTests : IAsyncLifetime
{
    private static readonly LedgerOpenOptions Options = new() { PublisherId = "p" };

    private RedisServer _redis = null!;
    private CuttingProxy _proxy = null!;
    private RedisAckLedger _ledger = null!;
    private RedisAckLedger _acceptor = null!;
    private LedgerEpoch _epoch;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _proxy = CuttingProxy.Start(_redis.Port);
        (_ledger, _acceptor) = (new RedisAckLedger(_redis.Address), new RedisAckLedger($"127.0.0.1:{_proxy.Port}"));
        foreach (var ledger in new[] { _ledger, _acceptor }) await ledger.OpenAsync(Options, Cancel);
        _epoch = (await _ledger.AcquireAsync(Cancel)).Epoch!.Value;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var ledger in new[] { _acceptor, _ledger })
            if (ledger is not null) await ledger.DisposeAsync();
        if (_proxy is not null) await _proxy.DisposeAsync();
        if (_redis is not null) await _redis.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_accept_whose_answer_was_lost_is_known_if_the_owner_had_it(bool ownerHadIt)
    {
        await _acceptor.AcceptAsync([Message("before")], Cancel);
        var before = await _ledger.RecoverAsync(_epoch, Cancel);
        var goBack = await _redis.SaveAsync();
        _proxy.Set(Direction.ToClient, Flow.Hold);
        var accepting = _acceptor.AcceptAsync([Message("m")], Cancel).AsTask();
        LedgerRecord? stored = null;
        await Eventually.Async(async () => (stored = (await BacklogAsync()).FirstOrDefault(record => record.Topic == "m")) is not null, "the message is stored");
        Assert.False(accepting.IsCompleted);

        await goBack();
        var memory = new LedgerRestore
        {
            Epoch = _epoch,
            LedgerNonce = before.LedgerNonce,
            Operation = before.LastOperation + 1,
            Tail = stored!.Sequence,
            Backlog = await BacklogAsync(),
            BacklogUpTo = 1,
        };
        // It was sent and confirmed meanwhile; or the owner had not come to it.
        if (ownerHadIt)
            memory = memory with
            {
                BacklogUpTo = stored.Sequence,
                Known = [new SequenceRange(stored.Sequence, stored.Sequence)],
                Taken = [new AcceptedRun(stored.Acceptor, stored.AcceptorNumber, stored.Sequence, 1)],
            };
        Assert.Equal(RestoreStatus.Restored, (await _ledger.RestoreAsync(memory, Cancel)).Status);
        _proxy.Set(Direction.ToClient, Flow.Forward);
        _proxy.Cut();

        var answer = Assert.Single(await accepting.WaitAsync(TimeSpan.FromSeconds(30), Cancel));
        Assert.Equal((AcceptStatus.Accepted, ownerHadIt), (answer.Status, answer.Sequence == stored.Sequence));
        Assert.Equal(ownerHadIt ? ["before"] : ["before", "m"], (await BacklogAsync()).Select(record => record.Topic));
        Assert.NotEqual(LedgerStatus.Unknown, Assert.Single(await _acceptor.FindAsync([answer.MessageId], Cancel)).Status);
    }

    [Fact]
    public async Task Who_cannot_accept_before_the_owner_has_looked_wakes_it()
    {
        // The replication id of another server, as after the move of a slot: no connection has ended.
        await using var connection = await _redis.ConnectAsync();
        await connection.GetDatabase().HashSetAsync("reliable-mqtt:{p}:header", "server", "another one");
        _ledger.Changed += change =>
        {
            if (change == LedgerChange.Connection) _ = _ledger.RenewAsync(_epoch, Cancel);
        };
        Assert.Equal(AcceptStatus.Accepted, Assert.Single(await _acceptor.AcceptAsync([Message("m")], Cancel)).Status);
    }

    [Fact]
    public async Task An_acceptor_that_is_idle_notices_by_itself()
    {
        var goBack = await _redis.SaveAsync();
        await _acceptor.AcceptAsync([Message("a"), Message("b")], Cancel);
        await goBack();
        Assert.Equal(LeaseStatus.Held, (await _ledger.RenewAsync(_epoch, Cancel)).Status);
        await Eventually.Async(async () => (await BacklogAsync()).Select(record => record.Topic).SequenceEqual(["a", "b"]), "they are there again");
    }

    [Fact]
    public async Task What_was_accepted_again_is_answered_once_though_its_answers_are_lost()
    {
        var goBack = await _redis.SaveAsync();
        var lost = await _acceptor.AcceptAsync([Message("a"), Message("b")], Cancel);
        _proxy.Refuses = true;
        _proxy.Cut();
        await goBack();
        Assert.Equal(LeaseStatus.Held, (await _ledger.RenewAsync(_epoch, Cancel)).Status);

        // Each answer that would tell it is lost, and then the server is restarted once more, and keeps it this time.
        _proxy.Refuses = false;
        for (var i = 0; i < 5; i++)
        {
            _proxy.CutAfter(Direction.ToClient, 200 * i);
            await Eventually.Async(() => _proxy.OpenCount > 0, "it is connected again");
        }

        await Eventually.Async(async () => (await BacklogAsync()).Count > 0, "they are there again");
        _proxy.Cut();
        await _redis.RestartAsync();
        Assert.Equal(LeaseStatus.Held, (await _ledger.RenewAsync(_epoch, Cancel)).Status);
        await _acceptor.AcceptAsync([Message("c")], Cancel);
        Assert.Equal(["a", "b", "c"], (await BacklogAsync()).Select(record => record.Topic));
        Assert.Equal(lost.Select(answer => answer.MessageId), (await BacklogAsync()).Take(2).Select(record => record.MessageId));
    }

    private static LedgerRecord Message(string topic) => new() { Topic = topic, QualityOfService = MqttQualityOfServiceLevel.ExactlyOnce, AcceptedAt = DateTimeOffset.UtcNow };

    private ValueTask<IReadOnlyList<LedgerRecord>> BacklogAsync() => _ledger.ReadBacklogAsync(0, 100, Cancel);
}
