using System.Diagnostics;
using ReliableMqtt.Ledger;
using ReliableMqtt.Tests;

namespace ReliableMqtt.DyingPublisher;

/// <summary>
/// Kills its own process just before or just after the first commit that says a given thing once all messages are there. "after append": when the last of them is stored.
/// </summary>
internal sealed class DyingLedger(AckLedger inner, string when, string section, int messages) : DelegatingLedger(inner)
{
    private int _appended;

    public override async ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken)
    {
        var isIt = section switch
        {
            "append" => commit.Appends.Count > 0 && (when == "before" || _appended + commit.Appends.Count >= messages),
            "release" => commit.Releases.Count > 0 && _appended >= messages,
            "confirm" => commit.Confirms.Count > 0 && _appended >= messages,
            _ => throw new ArgumentException($"'{section}' is not a section that this program knows."),
        };
        if (isIt && when == "before") Die();
        var result = await base.CommitAsync(commit, cancellationToken);
        _appended += commit.Appends.Count;
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
