using System.Diagnostics;
using ReliableMqtt.Ledger;
using ReliableMqtt.Tests;

namespace ReliableMqtt.DyingPublisher;

/// <summary>Kills its own process just before or just after the first commit that says a given thing.</summary>
internal sealed class DyingLedger(AckLedger inner, string when, string section) : DelegatingLedger(inner)
{
    public override async ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken)
    {
        var isIt = section switch
        {
            "append" => commit.Appends.Count > 0,
            "release" => commit.Releases.Count > 0,
            "confirm" => commit.Confirms.Count > 0,
            _ => throw new ArgumentException($"'{section}' is not a section that this program knows."),
        };
        if (isIt && when == "before") Die();
        var result = await base.CommitAsync(commit, cancellationToken);
        if (isIt) Die();
        return result;
    }

    // SIGKILL: no handler, no finalizer, no flush.
    private static void Die()
    {
        Process.GetCurrentProcess().Kill();
        Thread.Sleep(Timeout.Infinite);
    }
}
