using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite.Commits;

namespace ReliableMqtt.Sqlite;

// What an owner writes back.
public sealed partial class SqliteAckLedger
{
    /// <inheritdoc />
    /// <remarks>
    /// A file loses nothing under a process that has it open, unless somebody writes into it; a loss of power ends the owner as well. So this is for what should not happen: what the owner knows goes into
    /// the file, and the tail jumps over what others may have had.
    /// </remarks>
    public override async ValueTask<RestoreResult> RestoreAsync(LedgerRestore restore, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(restore);
        var result = await RunAsync(binding => Restore(binding, restore), cancellationToken).ConfigureAwait(false);
        if (result.Status == RestoreStatus.Restored) RaiseChanged(LedgerChange.Backlog);
        return result;
    }

    private RestoreResult Restore(Binding binding, LedgerRestore restore)
    {
        restore = restore with { Tail = Math.Max(restore.Tail, Known(restore.Epoch).Tail) };
        var hasLock = binding.OwnerFile.TryTake();
        var (row, result) = binding.Database.Write(() =>
        {
            var row = binding.Load();
            var run = new RestoreRun(binding.Tables, row, restore, binding.Options, binding.Now);
            if (run.Settled() is { } settled) return (row, settled);
            var result = run.Run();
            (row.Holder, row.HolderObject, row.IsLocked) = (Description, _self, hasLock);
            row.ExpiresAt = Later(binding.Now.ToUnixTimeMilliseconds(), binding.Options.LeaseDuration);
            binding.Tables.Publishers.Save(row);
            return (row, result);
        });
        if (result.Status == RestoreStatus.Restored)
        {
            Learn(restore.Epoch, restore.Operation, result.Tail);
            Mark(binding, row);
        }
        else
            binding.OwnerFile.LetGo();
        return result;
    }
}
