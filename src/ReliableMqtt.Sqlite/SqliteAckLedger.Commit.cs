using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite.Commits;
using ReliableMqtt.Sqlite.Storage;
using ReliableMqtt.Sqlite.Tables;

namespace ReliableMqtt.Sqlite;

// The owner's group commit, and what is done from time to time.
public sealed partial class SqliteAckLedger
{
    // Free pages that are kept for what comes next, and how many are given back at a time: 4 MiB and 1 MiB.
    private const int KeptPages = 1024, PagesAtOnce = 256;
    private const int PrunedAtOnce = 1_000;

    /// <inheritdoc />
    /// <remarks>One transaction for all that the commit says. While the disk is full, or the file at its limit, appends are refused and all else goes on.</remarks>
    public override async ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(commit);
        var result = await RunAsync(binding => Commit(binding, commit), cancellationToken).ConfigureAwait(false);
        if (result.Status is CommitStatus.Applied or CommitStatus.AppendsRefused && FinishNotices.Of(commit, _acceptor) is { } notices) Tell(notices);
        return result;
    }

    private CommitResult Commit(Binding binding, LedgerCommit commit)
    {
        var result = RunOrDrain(binding, commit);
        if (result.Status is CommitStatus.Applied or CommitStatus.AppendsRefused) Learn(commit.Epoch, commit.Operation, result.Tail);
        else if (result.Status == CommitStatus.Fenced) binding.OwnerFile.LetGo();
        else if (result.Status == CommitStatus.RolledBack) SqliteLog.RolledBack(binding.Logger, binding.Options.PublisherId, Known(commit.Epoch).Operation);
        return result;
    }

    private CommitResult RunOrDrain(Binding binding, LedgerCommit commit)
    {
        if (commit.Appends.Count > 0 && binding.Reserve.IsKept())
        {
            try
            {
                return Run(binding, commit, mayAppend: true);
            }
            catch (LedgerUnavailableException error) when (SqliteErrors.IsFull(error))
            {
                // Without its appends, then.
            }
        }

        return binding.Drain(() => Run(binding, commit, mayAppend: false));
    }

    private CommitResult Run(Binding binding, LedgerCommit commit, bool mayAppend)
    {
        PublisherRow? row = null;
        var result = binding.Database.Write(() =>
        {
            row = binding.Load();
            return new CommitRun(binding.Database, binding.Tables, row, commit, binding.Options, binding.Now).Run(Known(commit.Epoch), mayAppend);
        });
        if (result.Status is CommitStatus.Applied or CommitStatus.AppendsRefused) Mark(binding, row!);
        return result;
    }

    private void Tell(Dictionary<ulong, List<StatusAnswer>> notices)
    {
        foreach (var (acceptor, answers) in notices)
            LedgerHub.Raise(LedgerHub.Of(_options.Path, _binding!.Options.PublisherId).Where(member => member._acceptor == acceptor), member => member.OnFinished(answers));
    }

    /// <summary>Lets go of what is too old or too much, some at a time, and gives free pages back. When that fails it is tried another time.</summary>
    private static void Tidy(Binding binding)
    {
        try
        {
            binding.Database.Write(() => Prune(binding), isDurable: false);
        }
        catch (LedgerUnavailableException)
        {
            return;
        }

        binding.Database.TryGiveBackPages(binding.Reserve.IsKept() ? KeptPages : 0, PagesAtOnce);
    }

    private static bool Prune(Binding binding)
    {
        var row = binding.Load();
        binding.Tables.Ids.Prune(row, binding.Now, PrunedAtOnce);
        var changed = binding.Tables.PurgeSurplus(row, binding.Options, binding.Now, PrunedAtOnce) > 0;
        changed |= binding.Tables.Traces.Prune(row);
        if (changed) binding.Tables.Publishers.Save(row, isDurable: false);
        return changed;
    }
}
