using System.Globalization;
using System.Text;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

/// <summary>
/// A ledger as simple as can be, to compare others with: lists, searched from end to end, and a commit that is tried on a copy.
/// Outcomes are kept for ever: use it with windows that do not end.
/// </summary>
internal sealed class LedgerModel(ulong nonce, LedgerOpenOptions options)
{
    private readonly List<(DeadLetterReason Reason, LedgerRecord Record)> _dead = [];
    private CommitResult? _lastResult;

    public long Tail { get; private set; }

    public long LastOperation { get; private set; }

    public BrokerSession Session { get; private set; }

    public List<LedgerRecord> Backlog { get; private init; } = [];

    public List<InflightEntry> InFlight { get; private init; } = [];

    public Dictionary<MessageId, (LedgerStatus Status, long Sequence)> Outcomes { get; private init; } = [];

    public IReadOnlyList<LedgerRecord> Dead => [.. _dead.Select(letter => letter.Record)];

    /// <summary>What was counted.</summary>
    public LedgerTotals Totals { get; private set; } = new(0, 0, 0, 0, 0);

    private long Pending => Backlog.Count + InFlight.Count;

    public long LowestUnfinished => Backlog.Concat(InFlight.Select(entry => entry.Record)).Select(record => record.Sequence).Append(Tail + 1).Min();

    public void NewEpoch() => (LastOperation, _lastResult) = (0, null);

    public AcceptAnswer[] Accept(IReadOnlyList<LedgerRecord> records)
    {
        var full = false;
        return [.. records.Select(record =>
        {
            if (Outcomes.TryGetValue(record.MessageId, out var known))
                return new AcceptAnswer(AcceptStatus.Known, record.MessageId, 0, new StatusAnswer(record.MessageId, known.Status, known.Sequence));
            full |= Pending + 1 > options.MaxPending;
            if (full) return new AcceptAnswer(AcceptStatus.Full, record.MessageId, 0);
            Backlog.Add(Stamp(record));
            return new AcceptAnswer(AcceptStatus.Accepted, Backlog[^1].MessageId, Tail);
        })];
    }

    /// <summary>What the ledger should answer, and the model after it. Throws what the ledger should throw.</summary>
    public (CommitResult Result, LedgerModel After) Commit(LedgerCommit commit)
    {
        if (commit.Operation == LastOperation && _lastResult is not null) return (_lastResult, this);
        if (commit.Operation <= LastOperation) return (Answer(CommitStatus.Applied), this);
        if (commit.Operation != LastOperation + 1 || commit.ExpectedTail > Tail) return (Answer(CommitStatus.RolledBack), this);
        var copy = Copy();
        var result = copy.Apply(commit);
        if (result.Status == CommitStatus.KnownIds) return (result, this);
        (copy.LastOperation, copy._lastResult) = (commit.Operation, result);
        return (result, copy);
    }

    public ReplayStatus Replay(MessageId messageId)
    {
        var index = _dead.FindIndex(letter => letter.Record.MessageId == messageId);
        if (index < 0)
        {
            var live = Outcomes.TryGetValue(messageId, out var outcome) && outcome.Status is LedgerStatus.Pending or LedgerStatus.Confirmed;
            return live ? ReplayStatus.AlreadyLive : ReplayStatus.NotFound;
        }

        if (Pending + 1 > options.MaxPending) return ReplayStatus.Full;
        Backlog.Add(_dead[index].Record with { Sequence = ++Tail, Refusals = 0 });
        Totals = Totals with { Accepted = Totals.Accepted + 1 };
        Outcomes[messageId] = (LedgerStatus.Pending, Tail);
        _dead.RemoveAt(index);
        return ReplayStatus.Replayed;
    }

    public bool Purge(MessageId messageId)
    {
        var index = _dead.FindIndex(letter => letter.Record.MessageId == messageId);
        if (index < 0) return false;
        Bury(index);
        return true;
    }

    /// <summary>In the words of <see cref="LedgerOwner.DescribeAsync"/>, without times and bytes.</summary>
    public string Describe()
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"op {LastOperation} tail {Tail} session {Session}\n"));
        foreach (var entry in InFlight.OrderBy(entry => entry.PacketId)) text.AppendLine(CultureInfo.InvariantCulture, $"in flight {entry.PacketId} {LedgerOwner.Describe(entry.Record)} {entry.State}");
        foreach (var record in Backlog) text.AppendLine(CultureInfo.InvariantCulture, $"backlog {LedgerOwner.Describe(record)}");
        foreach (var (reason, record) in _dead) text.AppendLine(CultureInfo.InvariantCulture, $"dead {LedgerOwner.Describe(record)} {reason}");
        return text.ToString();
    }

    private CommitResult Apply(LedgerCommit commit)
    {
        var busy = InFlight.Select(entry => entry.PacketId).ToHashSet();
        foreach (var op in commit.Confirms) Outcomes[op.MessageId] = (LedgerStatus.Confirmed, Leave(op.PacketId, op.Sequence, op.MessageId).Sequence);
        Totals = Totals with { Confirmed = Totals.Confirmed + commit.Confirms.Count, Expired = Totals.Expired + commit.Drops.Count(op => op.Reason is null) };
        foreach (var op in commit.Releases) Release(op);
        foreach (var op in commit.DeadLetters) Die(Leave(op.PacketId, op.Sequence, op.MessageId), op.Reason);
        foreach (var op in commit.Moves) Demand(commit.Moves.Count(other => other.PacketId == op.PacketId) == 1);
        var moving = commit.Moves.Select(op => (Entry: InFlight[Index(op.PacketId)], Op: op)).ToArray();
        foreach (var (entry, op) in moving)
        {
            InFlight.Remove(entry);
            if (op.NewPacketId != op.PacketId) Demand(busy.Add(op.NewPacketId));
            InFlight.Add(entry with { PacketId = op.NewPacketId, State = op.State });
        }

        foreach (var op in commit.Drops)
        {
            var head = TakeHead(op.Sequence);
            Demand(head.MessageId == op.MessageId);
            if (op.Reason is { } reason) Die(head, reason);
            else Outcomes[head.MessageId] = (LedgerStatus.Expired, head.Sequence);
        }

        foreach (var op in commit.Assigns) PutInFlight(TakeHead(op.Sequence), op.PacketId, busy);
        var moved = commit.Appends.Count > 0 && commit.ExpectedTail < Tail;
        if (!moved && Backlog.Count > 0) Demand(commit.Appends.All(op => op.PacketId is null));
        foreach (var op in commit.Appends) if (!moved && op.PacketId is { } id) Demand(busy.Add(id));
        Session = commit.Session ?? Session;

        var names = commit.Appends.Select(op => op.Record.MessageId).ToArray();
        var known = names.Select((id, i) => (Id: id, Index: i))
            .Where(append => append.Id.Value.Length > 0 && !append.Id.IsAutomatic)
            .Where(append => Outcomes.ContainsKey(append.Id) || names.Take(append.Index).Contains(append.Id))
            .Select(append => new KnownAppend(append.Index, new StatusAnswer(append.Id, LedgerStatus.Pending))).ToArray();
        if (known.Length > 0) return new CommitResult { Status = CommitStatus.KnownIds, Known = known };
        if (commit.Appends.Count > 0 && Pending + commit.Appends.Count > options.MaxPending) return Answer(CommitStatus.AppendsRefused);

        var first = Tail + 1;
        foreach (var op in commit.Appends)
        {
            var record = Stamp(op.Record);
            if (moved || op.PacketId is null) Backlog.Add(record);
            else InFlight.Add(new InflightEntry(op.PacketId.Value, record, new InflightState(InflightStage.Sent, new SendOrder(Tail))));
        }

        return Answer(CommitStatus.Applied) with { FirstMoved = moved ? first : 0 };
    }

    private void Release(ReleaseOp op)
    {
        var index = Index(op.PacketId);
        Demand(InFlight[index].State.Stage == InflightStage.Sent && InFlight[index].Record.QualityOfService == MqttQualityOfServiceLevel.ExactlyOnce);
        InFlight[index] = InFlight[index] with { State = InFlight[index].State with { Stage = InflightStage.Released, ReleaseOrder = op.ReleaseOrder } };
    }

    private LedgerRecord Leave(PacketId packetId, long sequence, MessageId messageId)
    {
        var record = InFlight[Index(packetId)].Record;
        Demand(record.Sequence == sequence && record.MessageId == messageId);
        InFlight.RemoveAt(Index(packetId));
        return record;
    }

    private LedgerRecord TakeHead(long sequence)
    {
        Demand(Backlog.Count > 0 && Backlog[0].Sequence == sequence);
        var head = Backlog[0];
        Backlog.RemoveAt(0);
        return head;
    }

    private void PutInFlight(LedgerRecord record, PacketId packetId, HashSet<PacketId> busy)
    {
        Demand(busy.Add(packetId));
        InFlight.Add(new InflightEntry(packetId, record, new InflightState(InflightStage.Sent, new SendOrder(record.Sequence))));
    }

    private LedgerRecord Stamp(LedgerRecord record)
    {
        Tail++;
        Totals = Totals with { Accepted = Totals.Accepted + 1 };
        record = record with { Sequence = Tail, MessageId = record.HasApplicationId ? record.MessageId : MessageId.ForSequence(nonce, Tail) };
        Outcomes.Add(record.MessageId, (LedgerStatus.Pending, Tail));
        return record;
    }

    private void Die(LedgerRecord record, DeadLetterReason reason)
    {
        _dead.Add((reason, record));
        Totals = Totals with { DeadLettered = Totals.DeadLettered + 1 };
        Outcomes[record.MessageId] = (LedgerStatus.DeadLettered, record.Sequence);
        if (_dead.Count > options.MaxDeadLetters) Bury(0);
    }

    private void Bury(int index)
    {
        Outcomes[_dead[index].Record.MessageId] = (LedgerStatus.Purged, _dead[index].Record.Sequence);
        _dead.RemoveAt(index);
    }

    private int Index(PacketId packetId)
    {
        var index = InFlight.FindIndex(entry => entry.PacketId == packetId);
        Demand(index >= 0);
        return index;
    }

    private CommitResult Answer(CommitStatus status) => new() { Status = status, Tail = Tail, BacklogCount = Backlog.Count };

    private LedgerModel Copy()
    {
        var copy = new LedgerModel(nonce, options)
        {
            Tail = Tail,
            Session = Session,
            LastOperation = LastOperation,
            _lastResult = _lastResult,
            Backlog = [.. Backlog],
            InFlight = [.. InFlight],
            Outcomes = new(Outcomes),
            Totals = Totals,
        };
        copy._dead.AddRange(_dead);
        return copy;
    }

    private static void Demand(bool condition)
    {
        if (!condition) throw new InvalidOperationException("The model refuses this commit.");
    }
}
