using System.Globalization;
using System.Text;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Concurrency;

/// <summary>An owner and two acceptors on one store, whose steps may come from several threads at once. Every step is one that a caller sees as a whole.</summary>
internal sealed class SharedLedger
{
    private static readonly string[] Ids = ["a", "b", "c", "d"];

    // The owner's and those of two acceptors. There is nothing in them that would have to be given back.
    private readonly AckLedger[] _ledgers;
    private readonly LedgerEpoch _epoch;
    private readonly object _dispatching = new();
    private long _operation;

    public SharedLedger()
    {
        var store = new InMemoryLedgerStore();
        _ledgers = [new InMemoryAckLedger(store), new InMemoryAckLedger(store), new InMemoryAckLedger(store)];
        foreach (var ledger in _ledgers) Wait(ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p", MaxPending = 6 }, default));
        _epoch = Wait(_ledgers[0].AcquireAsync(default)).Epoch!.Value;
    }

    public static int Names => Ids.Length;

    /// <summary>The end of the head of the backlog.</summary>
    public void Finish(bool confirmed)
    {
        // An owner has one commit at a time.
        lock (_dispatching)
        {
            if (Wait(_ledgers[0].ReadBacklogAsync(0, 1, default)) is not [var head]) return;
            var packetId = new PacketId(1);
            Commit(new LedgerCommit { Epoch = _epoch, Operation = ++_operation, ExpectedTail = head.Sequence, Assigns = [new AssignOp(head.Sequence, packetId)] });
            var end = new LedgerCommit { Epoch = _epoch, Operation = ++_operation, ExpectedTail = head.Sequence };
            Commit(confirmed
                ? end with { Confirms = [new ConfirmOp(packetId, head.Sequence, head.MessageId, 0)] }
                : end with { DeadLetters = [new DeadLetterOp(packetId, head.Sequence, head.MessageId, new DeadLetterReason(DeadLetterCause.Rejected, 0x87, "no"))] });
        }
    }

    public void Accept(int acceptor, int name) => Wait(_ledgers[1 + acceptor].AcceptAsync(
        [new LedgerRecord { Topic = "t", MessageId = Ids[name], QualityOfService = MqttQualityOfServiceLevel.ExactlyOnce }], default));

    public void Replay(int name) => Wait(_ledgers[1].ReplayAsync(Ids[name], default));

    public void Purge(int name) => Wait(_ledgers[2].PurgeAsync(Ids[name], default));

    /// <summary>Looks while others write: it must see one state or another, never half of one.</summary>
    public void Look()
    {
        var statistics = Wait(_ledgers[1].GetStatisticsAsync(default));
        if (statistics.Backlog < 0 || statistics.InFlight > 1 || statistics.Backlog + statistics.InFlight > 7) throw new InvalidOperationException($"{statistics}");
        _ = Wait(_ledgers[2].FindAsync([.. Ids.Select(id => new MessageId(id))], default));
        _ = Wait(_ledgers[2].ListPendingAsync(0, 10, default));
    }

    /// <summary>All that it holds, without sequences' gaps: two orders of the same steps may give the same.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var record in Wait(_ledgers[0].ReadBacklogAsync(0, 100, default))) text.Append(CultureInfo.InvariantCulture, $"{record.MessageId} ");
        text.Append('|');
        foreach (var letter in Wait(_ledgers[0].ListDeadLettersAsync(null, 100, default)).Items) text.Append(CultureInfo.InvariantCulture, $" {letter.Record.MessageId}");
        text.Append('|');
        foreach (var answer in Wait(_ledgers[0].FindAsync([.. Ids.Select(id => new MessageId(id))], default))) text.Append(CultureInfo.InvariantCulture, $" {answer.Status}");
        return text.ToString();
    }

    private void Commit(LedgerCommit commit)
    {
        if (Wait(_ledgers[0].CommitAsync(commit, default)) is { Status: not CommitStatus.Applied } result) throw new InvalidOperationException($"{result}");
    }

    // A store in memory answers at once.
    private static T Wait<T>(ValueTask<T> answer) => answer.AsTask().GetAwaiter().GetResult();
}
