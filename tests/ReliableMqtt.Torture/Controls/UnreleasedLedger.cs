using ReliableMqtt.Ledger;
using ReliableMqtt.Tests;

namespace ReliableMqtt.Torture.Controls;

/// <summary>A flaw: PUBREL leaves without being stored before (W3 is skipped).</summary>
internal sealed class UnreleasedLedger(AckLedger inner) : DelegatingLedger(inner)
{
    public override ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken) =>
        base.CommitAsync(commit with { Releases = [] }, cancellationToken);
}
