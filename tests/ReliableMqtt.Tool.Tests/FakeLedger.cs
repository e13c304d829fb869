using ReliableMqtt.Ledger;
using ReliableMqtt.Tests;

namespace ReliableMqtt.Tool.Tests;

/// <summary>A ledger that says what a test wants where one in memory cannot, and lets it act before a replay.</summary>
internal sealed class FakeLedger(AckLedger inner) : DelegatingLedger(inner)
{
    private readonly AckLedger _inner = inner;

    public LedgerOverview? Overview { get; init; }

    public IReadOnlyList<PendingEntry>? Pending { get; init; }

    public IReadOnlyList<QuarantinedRecord> Quarantine { get; init; } = [];

    public Func<AckLedger, MessageId, Task>? AfterReplay { get; init; }

    public Func<MessageId, Task>? BeforePurge { get; init; }

    public override async ValueTask<LedgerOverview> GetOverviewAsync(CancellationToken cancellationToken) => Overview ?? await _inner.GetOverviewAsync(cancellationToken);

    public override async ValueTask<PendingPage> ListPendingAsync(long afterSequence, int count, CancellationToken cancellationToken) =>
        Pending is null ? await _inner.ListPendingAsync(afterSequence, count, cancellationToken) : new PendingPage(Pending, null);

    public override ValueTask<QuarantinePage> ListQuarantineAsync(long afterNumber, int count, CancellationToken cancellationToken)
    {
        // Pages of one, as of a ledger that has large records.
        var next = Quarantine.FirstOrDefault(record => record.Number > afterNumber);
        return ValueTask.FromResult(next is null ? new QuarantinePage([], null) : new QuarantinePage([next], Quarantine[^1] == next ? null : next.Number));
    }

    public override async ValueTask<ReplayAnswer> ReplayAsync(MessageId messageId, CancellationToken cancellationToken)
    {
        var answer = await _inner.ReplayAsync(messageId, cancellationToken);
        if (AfterReplay is not null) await AfterReplay(_inner, messageId);
        return answer;
    }

    public override async ValueTask<bool> PurgeAsync(MessageId messageId, CancellationToken cancellationToken)
    {
        if (BeforePurge is not null) await BeforePurge(messageId);
        return await _inner.PurgeAsync(messageId, cancellationToken);
    }
}
