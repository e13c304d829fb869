using System.Globalization;
using System.Text;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

/// <summary>An owner as the port expects it, for tests: counts operations, knows the tail, and stamps what it appends.</summary>
public sealed class LedgerOwner
{
    private readonly TimeProvider _clock;
    private long _lowestUnfinished;

    private LedgerOwner(AckLedger ledger, LedgerEpoch epoch, RecoveredState state, TimeProvider clock)
    {
        (Ledger, Epoch, _clock) = (ledger, epoch, clock);
        (Operation, Tail, Nonce) = (state.LastOperation, state.Tail, state.LedgerNonce);
        Recovered = state;
    }

    public AckLedger Ledger { get; }

    public LedgerEpoch Epoch { get; }

    public long Operation { get; set; }

    public long Tail { get; set; }

    public ulong Nonce { get; }

    /// <summary>What it started from.</summary>
    public RecoveredState Recovered { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<LedgerOwner> RecoverAsync(AckLedger ledger, LedgerEpoch epoch, TimeProvider clock) =>
        new(ledger, epoch, await ledger.RecoverAsync(epoch, Cancel), clock);

    /// <summary>The next commit, still empty.</summary>
    public LedgerCommit Next() => new()
    {
        Epoch = Epoch,
        Operation = Operation + 1,
        ExpectedTail = Tail,
        At = DateTimeOffset.FromUnixTimeMilliseconds(_clock.GetUtcNow().ToUnixTimeMilliseconds()),
        LowestUnfinished = _lowestUnfinished,
    };

    /// <summary>Appends, stamped as if the tail is as expected: first those with a packet id, then those for the backlog.</summary>
    public AppendOp[] Stamp(params (LedgerRecord Record, ushort? PacketId)[] appends) =>
        [.. appends.Select((append, i) => new AppendOp(
            append.Record with
            {
                Sequence = Tail + 1 + i,
                MessageId = append.Record.MessageId.IsEmpty ? MessageId.ForSequence(Nonce, Tail + 1 + i) : append.Record.MessageId,
            },
            append.PacketId is { } id ? new PacketId(id) : null))];

    /// <summary>Sends a commit and learns from its answer, as an owner does.</summary>
    public async Task<CommitResult> CommitAsync(LedgerCommit commit)
    {
        var lowest = Math.Max(_lowestUnfinished, await LowestAfterAsync(commit));
        var result = await Ledger.CommitAsync(commit with { LowestUnfinished = lowest }, Cancel);
        if ((result.Status is CommitStatus.Applied or CommitStatus.AppendsRefused) && commit.Operation > Operation)
            (Operation, Tail, _lowestUnfinished) = (commit.Operation, result.Tail, lowest);
        return result;
    }

    public async Task<CommitResult> CommitAsync(Func<LedgerCommit, LedgerCommit> fill)
    {
        var result = await CommitAsync(fill(Next()));
        Assert.Equal(CommitStatus.Applied, result.Status);
        return result;
    }

    /// <summary>Puts messages in flight directly, under the packet ids from <paramref name="firstPacketId"/> on.</summary>
    public async Task<LedgerRecord[]> SendAsync(ushort firstPacketId, params LedgerRecord[] records)
    {
        var appends = Stamp([.. records.Select((record, i) => (record, (ushort?)(firstPacketId + i)))]);
        var result = await CommitAsync(commit => commit with { Appends = appends });
        Assert.Equal(0, result.FirstMoved);
        return [.. appends.Select(append => append.Record)];
    }

    public Task<CommitResult> ConfirmAsync(LedgerRecord record, ushort packetId, byte reasonCode = 0) =>
        CommitAsync(commit => commit with { Confirms = [Confirm(record, packetId, reasonCode)] });

    public Task<CommitResult> DeadLetterAsync(LedgerRecord record, ushort packetId, DeadLetterReason? reason = null) =>
        CommitAsync(commit => commit with { DeadLetters = [Dead(record, packetId, reason)] });

    public static ConfirmOp Confirm(LedgerRecord record, ushort packetId, byte reasonCode = 0) =>
        new(new PacketId(packetId), record.Sequence, record.MessageId, reasonCode, Record: record);

    public static DeadLetterOp Dead(LedgerRecord record, ushort packetId, DeadLetterReason? reason = null) =>
        new(new PacketId(packetId), record.Sequence, record.MessageId, reason ?? new DeadLetterReason(DeadLetterCause.Rejected, 0x87, "no"));

    /// <summary>What it would write back after a loss, if all that the ledger has now is in its memory.</summary>
    public async Task<LedgerRestore> RememberAsync()
    {
        var state = await Ledger.RecoverAsync(Epoch, Cancel);
        var backlog = await Ledger.ReadBacklogAsync(0, 10_000, Cancel);
        return new LedgerRestore
        {
            Epoch = Epoch,
            LedgerNonce = Nonce,
            Operation = Operation + 1,
            Tail = state.Tail,
            Session = state.Session,
            LowestUnfinished = _lowestUnfinished,
            InFlight = state.InFlight,
            Backlog = backlog,
            BacklogUpTo = state.Tail,
            Known = [new SequenceRange(1, state.Tail)],
            Taken = Runs(state.InFlight.Select(entry => entry.Record).Concat(backlog)),
        };
    }

    /// <summary>Messages of acceptors, as these name them.</summary>
    public static IReadOnlyList<AcceptedRun> Runs(IEnumerable<LedgerRecord> records) =>
        [.. records.Where(record => record.Acceptor != 0).Select(record => new AcceptedRun(record.Acceptor, record.AcceptorNumber, record.Sequence, 1))];

    /// <summary>Writes back, and learns from the answer.</summary>
    public async Task<RestoreResult> RestoreAsync(LedgerRestore restore)
    {
        var result = await Ledger.RestoreAsync(restore, Cancel);
        if (result.Status == RestoreStatus.Restored && restore.Operation > Operation) (Operation, Tail) = (restore.Operation, result.Tail);
        return result;
    }

    /// <summary>All that the port shows of a ledger, as text: two of them are equal when nothing has changed.</summary>
    public async Task<string> DescribeAsync()
    {
        var text = new StringBuilder();
        var state = await Ledger.RecoverAsync(Epoch, Cancel);
        text.Append(CultureInfo.InvariantCulture, $"op {state.LastOperation} tail {state.Tail} session {state.Session}\n");
        foreach (var entry in state.InFlight.OrderBy(entry => entry.PacketId))
            text.Append(CultureInfo.InvariantCulture, $"in flight {entry.PacketId} {Describe(entry.Record)} {entry.State}\n");
        foreach (var record in await Ledger.ReadBacklogAsync(0, 10_000, Cancel)) text.Append("backlog ").Append(Describe(record)).Append('\n');
        foreach (var letter in (await Ledger.ListDeadLettersAsync(null, 10_000, Cancel)).Items)
            text.Append(CultureInfo.InvariantCulture, $"dead {Describe(letter.Record)} {letter.Reason} {letter.FailedAt:O}\n");
        text.Append(await Ledger.GetStatisticsAsync(Cancel));
        return text.ToString();
    }

    public static string Describe(LedgerRecord record)
    {
        var properties = record.Properties;
        var user = properties is null ? "" : string.Join(',', properties.UserProperties.Select(user => $"{user.Name}={Convert.ToHexString(user.ValueBuffer.Span)}"));
        var correlation = properties?.CorrelationData is { } data ? Convert.ToHexString(data.Span) : "none";
        return string.Create(CultureInfo.InvariantCulture,
            $"{record.Sequence} {record.MessageId} {record.Topic} {Convert.ToHexString(record.Payload.Span)} {record.QualityOfService} {record.Retain} {record.AcceptedAt:O} {record.ExpiresAt:O} {record.Refusals} | {properties?.ContentType} {properties?.ResponseTopic} {properties?.PayloadFormatIndicator} {correlation} {user}");
    }

    // As an owner that has all of it in memory would compute it; in doubt too low, which is always true.
    private async Task<long> LowestAfterAsync(LedgerCommit commit)
    {
        RecoveredState state;
        try
        {
            state = await Ledger.RecoverAsync(Epoch, Cancel);
        }
        catch (LedgerFencedException)
        {
            return 0;
        }

        var finished = commit.Confirms.Select(op => op.Sequence).Concat(commit.DeadLetters.Select(op => op.Sequence)).ToHashSet();
        var dropped = commit.Drops.Count;
        var head = await Ledger.ReadBacklogAsync(0, dropped + 1, Cancel);
        return state.InFlight.Select(entry => entry.Record.Sequence).Where(sequence => !finished.Contains(sequence))
            .Concat(head.Skip(dropped).Select(record => record.Sequence)).Append(commit.ExpectedTail + 1).Min();
    }
}
