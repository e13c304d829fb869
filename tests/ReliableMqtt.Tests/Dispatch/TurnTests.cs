using Microsoft.Extensions.Logging.Abstractions;
using MQTTnet.Protocol;
using ReliableMqtt.Dispatch;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Dispatch;

/// <summary>Nobody is forgotten within a turn, whatever else happens in it.</summary>
public sealed class TurnTests : IWire, IAsyncDisposable
{
    private readonly SlowLedger _ledger = new();
    private readonly PublisherPump _pump;
    private readonly List<OutboundPacket> _sent = [];

    public TurnTests() => _pump = new PublisherPump(_ledger, TimeProvider.System, NullLogger.Instance, turnsItself: false) { Wire = this };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_was_accepted_in_the_turn_that_ends_the_session_hears_of_it()
    {
        await OwnAsync();
        var ticket = Publish();
        _pump.TakeTurn();

        _ledger.Answer();
        _pump.Post(new(PumpInputKind.Disowned));
        _pump.TakeTurn();

        Assert.Equal(AcceptStatus.Accepted, ticket.Answer!.Value.Status);
        Assert.Null(await ticket.Done.WaitAsync(TimeSpan.FromSeconds(10), Cancel)); // Only the ledger can tell its end.
    }

    [Fact]
    public async Task Who_was_confirmed_in_the_turn_that_ends_the_session_has_his_receipt()
    {
        await OwnAsync();
        var ticket = Publish();
        _pump.TakeTurn();
        _ledger.Answer();
        _pump.TakeTurn();

        _pump.OnAck(1, new Ack(AckKind.PubAck, Assert.Single(_sent).PacketId));
        _pump.Post(new(PumpInputKind.Disowned));
        _pump.TakeTurn();

        Assert.Equal(PublishOutcome.Confirmed, (await ticket.Done.WaitAsync(TimeSpan.FromSeconds(10), Cancel))?.Outcome);
    }

    [Fact]
    public async Task A_listener_that_throws_keeps_nobody_from_his_receipt_and_ends_no_session()
    {
        await OwnAsync();
        _pump.Finished = _ => throw new InvalidOperationException("listener");
        var tickets = Enumerable.Range(0, 3).Select(_ => Publish()).ToList();
        _pump.TakeTurn();
        _ledger.Answer();
        _pump.TakeTurn();
        Assert.Equal(3, _sent.Count);

        foreach (var packet in _sent) _pump.OnAck(1, new Ack(AckKind.PubAck, packet.PacketId));
        _pump.TakeTurn();

        foreach (var ticket in tickets) Assert.Equal(PublishOutcome.Confirmed, (await ticket.Done.WaitAsync(TimeSpan.FromSeconds(10), Cancel))!.Outcome);
        Assert.Equal(3, _pump.Snapshot.InFlight); // Their confirms are on their way to the ledger: the session has gone on.
    }

    public async ValueTask DisposeAsync()
    {
        await _pump.DisposeAsync();
        await _ledger.DisposeAsync();
    }

    private async Task OwnAsync()
    {
        await _ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p" }, Cancel);
        var epoch = (await _ledger.AcquireAsync(Cancel)).Epoch!.Value;
        var owning = _pump.OwnAsync(new PublishSession(new SessionSettings(), epoch, await _ledger.RecoverAsync(epoch, Cancel)));
        _pump.TakeTurn();
        await owning;
        _pump.OnConnected(new ConnectionInfo(1, SessionPresent: false));
        for (var i = 0; i < 100 && (_pump.HasInput || !_ledger.IsAsked); i++) _pump.TakeTurn();
        _ledger.Answer(); // The session at the broker.
        _pump.TakeTurn();
    }

    private PublishTicket Publish()
    {
        var record = new LedgerRecord { Topic = "t", QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce };
        var ticket = new PublishTicket(wantsConfirm: true) { Record = record };
        Assert.True(_pump.Post(new(PumpInputKind.Publish) { Record = record, Subject = ticket }));
        return ticket;
    }

    void IWire.Send(int connectionId, ReadOnlySpan<OutboundPacket> packets) => _sent.AddRange(packets);

    void IWire.Probe(int connectionId)
    {
    }

    void IWire.Recycle(int connectionId, RecycleReason reason)
    {
    }

    /// <summary>Has each commit at once, and answers when it is told to.</summary>
    private sealed class SlowLedger() : DelegatingLedger(new InMemoryAckLedger())
    {
        private TaskCompletionSource<CommitResult>? _answer;
        private CommitResult? _result;

        public bool IsAsked => _answer is not null;

        public override async ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken)
        {
            _result = await base.CommitAsync(commit, cancellationToken);
            _answer = new TaskCompletionSource<CommitResult>();
            return await _answer.Task;
        }

        public void Answer()
        {
            var answer = _answer ?? throw new InvalidOperationException("No commit is on its way.");
            _answer = null;
            answer.SetResult(_result!);
        }
    }
}
