using ReliableMqtt.Dispatch;
using ReliableMqtt.Ledger;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Dispatch;

/// <summary>The loop: no waiter is left, whatever becomes of the session.</summary>
public class PublisherPumpTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_publish_is_accepted_sent_and_ended_by_its_ack()
    {
        await using var pump = await PumpHarness.OwnedAsync();
        pump.Pump.OnConnected(new ConnectionInfo(1, SessionPresent: false));
        var ticket = pump.Publish(wantsConfirm: true);
        var sent = Assert.Single(await pump.SentAsync(1));

        pump.Pump.OnAck(1, new Ack(AckKind.PubAck, sent.PacketId));

        var receipt = await ticket.Done.WaitAsync(Deadline, Cancel);
        Assert.Equal(PublishOutcome.Confirmed, receipt!.Outcome);
        Assert.Equal(AcceptStatus.Accepted, ticket.Answer!.Value.Status);
    }

    [Fact]
    public async Task Once_owned_a_ledger_with_a_session_asks_for_no_clean_start()
    {
        await using var pump = await PumpHarness.OwnedAsync();
        Assert.True(pump.Pump.CleanStart);
        pump.Pump.OnConnected(new ConnectionInfo(1, SessionPresent: false));
        await pump.Publish().Done.WaitAsync(Deadline, Cancel);

        await using var next = new PumpHarness(pump.Ledger);
        await next.OwnAsync();

        Assert.False(next.Pump.CleanStart);
    }

    [Fact]
    public async Task What_came_before_there_was_an_owner_is_stored_by_it()
    {
        await using var pump = new PumpHarness();
        await pump.Ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p" }, Cancel);
        var early = pump.Publish();

        await pump.OwnAsync();

        await early.Done.WaitAsync(Deadline, Cancel);
        Assert.Equal(AcceptStatus.Accepted, early.Answer!.Value.Status);
    }

    [Fact]
    public async Task A_new_session_never_resends_on_a_living_connection()
    {
        await using var pump = await PumpHarness.OwnedAsync();
        pump.Pump.OnConnected(new ConnectionInfo(1, SessionPresent: false));
        pump.Publish();
        await pump.SentAsync(1);

        await pump.OwnAsync();
        await pump.SettleAsync();
        Assert.Equal([RecycleReason.NewOwner], pump.Recycled);
        Assert.Single(pump.Sent);
        pump.Pump.OnConnectionLost(1, new ConnectionLoss(LossCause.Peer));
        pump.Pump.OnConnected(new ConnectionInfo(2, SessionPresent: true));

        Assert.True((await pump.SentAsync(2))[1].Dup);
    }

    [Fact]
    public async Task A_suspect_is_probed_for_and_sent_when_the_connection_has_answered()
    {
        await using var pump = await PumpHarness.OwnedAsync(new SessionSettings { Quiet = TimeSpan.FromMilliseconds(1) });
        pump.Pump.OnConnected(new ConnectionInfo(1, SessionPresent: false));
        pump.Publish();
        await pump.SentAsync(1);
        for (var connection = 1; connection <= 3; connection++)
        {
            pump.Pump.OnConnectionLost(connection, new ConnectionLoss(LossCause.Peer));
            pump.Pump.OnConnected(new ConnectionInfo(connection + 1, SessionPresent: true));
            if (connection < 3) await pump.SentAsync(connection + 1);
        }

        await pump.ProbedAsync(4);
        Assert.Equal(3, pump.Sent.Length);
        pump.Pump.OnAlive(3); // Of a connection that is no more.
        await pump.SettleAsync();
        Assert.Equal(3, pump.Sent.Length);
        pump.Pump.OnAlive(4);

        Assert.True((await pump.SentAsync(4))[3].Dup);
    }

    [Fact]
    public async Task A_flush_survives_a_change_of_the_session()
    {
        await using var pump = await PumpHarness.OwnedAsync();
        for (var i = 0; i < 5; i++) await pump.Publish().Done.WaitAsync(Deadline, Cancel);
        var flush = pump.Flush();
        await pump.OwnAsync();
        pump.Pump.OnConnected(new ConnectionInfo(1, SessionPresent: false));
        foreach (var packet in await pump.SentAsync(5)) pump.Pump.OnAck(1, new Ack(AckKind.PubAck, packet.PacketId));

        await flush.Source.Task.WaitAsync(Deadline, Cancel);
    }

    [Fact]
    public async Task Who_waits_when_the_session_ends_is_sent_to_the_ledger()
    {
        await using var pump = await PumpHarness.OwnedAsync();
        var ticket = pump.Publish(wantsConfirm: true);
        await pump.SettleAsync();

        pump.Pump.Post(new(PumpInputKind.Disowned));

        Assert.Null(await ticket.Done.WaitAsync(Deadline, Cancel));
        Assert.Equal(AcceptStatus.Accepted, ticket.Answer!.Value.Status);
    }

    [Fact]
    public async Task Stopping_answers_everybody()
    {
        var pump = await PumpHarness.OwnedAsync();
        var stored = pump.Publish(wantsConfirm: true);
        var flush = pump.Flush();
        await pump.SettleAsync();

        await pump.Pump.StopAsync(_ => new InvalidOperationException("over"));

        await Assert.ThrowsAsync<InvalidOperationException>(() => stored.Done.WaitAsync(Deadline, Cancel));
        await Assert.ThrowsAsync<InvalidOperationException>(() => flush.Source.Task.WaitAsync(Deadline, Cancel));
        Assert.False(pump.Pump.Post(new(PumpInputKind.Tick)));
        await pump.DisposeAsync();
    }

    [Fact]
    public async Task A_ledger_that_is_out_holds_back_the_wire_and_is_asked_until_it_answers()
    {
        var ledger = new StubbornLedger();
        await using var pump = new PumpHarness(ledger);
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p" }, Cancel);
        await pump.OwnAsync();
        pump.Pump.OnConnected(new ConnectionInfo(1, SessionPresent: false));
        ledger.Out = true;
        var ticket = pump.Publish();
        await ledger.Asked.Task.WaitAsync(Deadline, Cancel);
        Assert.Empty(pump.Sent);
        Assert.False(ticket.Done.IsCompleted);

        ledger.Out = false;

        await ticket.Done.WaitAsync(Deadline, Cancel);
        await pump.SentAsync(1);
    }

    [Fact]
    public async Task What_a_call_was_given_that_failed_is_never_changed()
    {
        var ledger = new KeepingLedger();
        await using var pump = new PumpHarness(ledger);
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p" }, Cancel);
        await pump.OwnAsync();
        await pump.Publish("repeated").Done.WaitAsync(Deadline, Cancel);
        for (var i = 0; i < 3; i++) await pump.Publish("later").Done.WaitAsync(Deadline, Cancel);
        Assert.True(ledger.Kept!.Says(ledger.AsItWas!), "it was changed");
        Assert.Equal("repeated", Assert.Single(ledger.Kept!.Appends).Record.Topic);
    }

    /// <summary>It breaks its contract: its first call fails, and is not done with what it was given.</summary>
    private sealed class KeepingLedger() : DelegatingLedger(new InMemoryAckLedger())
    {
        public LedgerCommit? Kept { get; private set; }

        public LedgerCommit? AsItWas { get; private set; }

        public override ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken)
        {
            if (Kept is not null) return base.CommitAsync(commit, cancellationToken);
            (Kept, AsItWas) = (commit, commit.Copied());
            throw new LedgerUnavailableException("out");
        }
    }
}
