using System.Globalization;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Sqlite.Tables;

namespace ReliableMqtt.Sqlite;

// Who dispatches, and what a new owner must know.
public sealed partial class SqliteAckLedger
{
    /// <summary>What this object knows to be stored, as an owner: a file that has less has lost writes. Of the thread.</summary>
    private (string Token, long Operation, long Tail) _known = ("", 0, 0);

    private static string Description => $"process {Environment.ProcessId.ToString(CultureInfo.InvariantCulture)} on {Environment.MachineName}";

    /// <inheritdoc />
    /// <remarks>
    /// The lease is a row with a time, and the lock of a file beside the database. Whoever gets that lock while the row says that its holder has it knows that the holder is dead, and need not wait;
    /// a holder that lives and does not renew in time is followed as well, and its token fences it.
    /// </remarks>
    public override ValueTask<LeaseGrant> AcquireAsync(CancellationToken cancellationToken) => RunAsync(
        binding =>
        {
            var hadLock = binding.OwnerFile.IsHeld;
            var hasLock = binding.OwnerFile.TryTake();
            PublisherRow? owned = null;
            string? dead = null;
            var grant = binding.Drain(() => binding.Database.Write(() => Acquire(binding, hasLock, out owned, out dead)));
            if (dead is not null) SqliteLog.OwnerIsDead(binding.Logger, binding.Options.PublisherId, dead);
            if (owned is not null) Mark(binding, owned, syncs: true);
            else if (!hadLock) binding.OwnerFile.LetGo();
            return grant;
        },
        cancellationToken);

    /// <inheritdoc />
    /// <remarks>Waits for no disk: a renewal that is lost with the power is missed by nobody. What is too old is let go here, and free pages are given back to the file system.</remarks>
    public override ValueTask<LeaseRenewal> RenewAsync(LedgerEpoch epoch, CancellationToken cancellationToken) => RunAsync(
        binding =>
        {
            var hasLock = binding.OwnerFile.IsHeld || binding.OwnerFile.TryTake();
            var status = binding.Drain(() => binding.Database.Write(() => Renew(binding, epoch, hasLock), isDurable: false));
            if (status == LeaseStatus.Fenced) binding.OwnerFile.LetGo();
            else if (status == LeaseStatus.Held) Tidy(binding);
            else SqliteLog.RolledBack(binding.Logger, binding.Options.PublisherId, Known(epoch).Operation);
            return new LeaseRenewal(status);
        },
        cancellationToken);

    /// <inheritdoc />
    public override async ValueTask ReleaseAsync(LedgerEpoch epoch, CancellationToken cancellationToken)
    {
        var released = await RunAsync(
            binding =>
            {
                if (binding.Drain(() => binding.Database.Write(() => Release(binding, epoch))) is not { } row) return false;
                Mark(binding, row, isClean: IsFull || binding.Database.TryCheckpoint(), syncs: true);
                binding.OwnerFile.LetGo();
                return true;
            },
            cancellationToken).ConfigureAwait(false);
        if (released) RaiseChanged(LedgerChange.Lease);
    }

    /// <inheritdoc />
    /// <remarks>A record that cannot be read is moved to the table <c>quarantine</c> with its reason, and the others are returned; the session then ends before its packet id is used again.</remarks>
    public override ValueTask<RecoveredState> RecoverAsync(LedgerEpoch epoch, CancellationToken cancellationToken) => RunAsync(
        binding =>
        {
            while (true)
            {
                List<(PacketId PacketId, StoredRecord Record, string Problem)> unreadable = [];
                var recovered = binding.Database.Read(() => Recover(binding, epoch, unreadable));
                if (unreadable.Count > 0)
                {
                    // Once more: the session may have changed by it.
                    PutAsideInFlight(binding, epoch, unreadable);
                    continue;
                }

                _known = (epoch.Token, recovered.LastOperation, recovered.Tail);
                return recovered;
            }
        },
        cancellationToken);

    private LeaseGrant Acquire(Binding binding, bool hasLock, out PublisherRow? owned, out string? dead)
    {
        (owned, dead) = (null, null);
        var row = binding.Load();
        var now = binding.Now.ToUnixTimeMilliseconds();
        var holder = row.Holder ?? "another process";
        var isForeign = row.HolderObject is not null && row.HolderObject != _self;
        var isDead = isForeign && row.IsLocked && hasLock;
        if (isForeign && !isDead && now < row.ExpiresAt) return new LeaseGrant(null, holder, TimeSpan.FromMilliseconds(row.ExpiresAt - now));
        if (isDead && now < row.ExpiresAt) dead = holder;

        (row.BeforeToken, row.BeforeOperation, row.BeforeAnswer) = (row.Token, row.Operation, row.Answer);
        var epoch = new LedgerEpoch(string.Create(CultureInfo.InvariantCulture, $"{++row.Epochs}:{Guid.NewGuid():N}"), row.Token);
        (row.Token, row.Holder, row.HolderObject, row.IsLocked) = (epoch.Token, Description, _self, hasLock);
        row.ExpiresAt = Later(now, binding.Options.LeaseDuration);
        (row.Operation, row.Answer, row.Restored, row.RestoredLost) = (0, null, 0, null);
        binding.Tables.Publishers.Save(row);
        owned = row;
        return new LeaseGrant(epoch);
    }

    private static PublisherRow? Release(Binding binding, LedgerEpoch epoch)
    {
        var row = binding.Load();
        if (!row.IsCurrent(epoch)) return null;
        (row.Holder, row.HolderObject, row.Token, row.IsLocked) = (null, null, row.Token + " was given back", false);
        binding.Tables.Publishers.Save(row);
        return row;
    }

    private LeaseStatus Renew(Binding binding, LedgerEpoch epoch, bool hasLock)
    {
        var row = binding.Load();
        if (!row.IsCurrent(epoch)) return row.IsBefore(epoch) ? LeaseStatus.RolledBack : LeaseStatus.Fenced;
        row.ExpiresAt = Later(binding.Now.ToUnixTimeMilliseconds(), binding.Options.LeaseDuration);
        row.IsLocked = hasLock;
        binding.Tables.Publishers.SaveLease(row);
        var known = Known(epoch);
        return row.Operation < known.Operation || row.Tail < known.Tail ? LeaseStatus.RolledBack : LeaseStatus.Held;
    }

    private static RecoveredState Recover(Binding binding, LedgerEpoch epoch, List<(PacketId, StoredRecord, string)> unreadable)
    {
        var row = binding.Load();
        if (!row.IsCurrent(epoch)) throw new LedgerFencedException("The epoch is stale: the lease was given back, or another process has acquired it.");
        var entries = new List<InflightEntry>();
        foreach (var (packetId, stored) in binding.Tables.Inflight.All(row))
        {
            if (TryReadEntry(binding, row, packetId, stored, out var entry, out var problem)) entries.Add(entry!);
            else unreadable.Add((new PacketId((ushort)packetId), stored, problem!));
        }

        return new RecoveredState(row.Operation, row.Tail, row.Backlog, row.Session, entries, row.Nonce);
    }

    private static bool TryReadEntry(Binding binding, PublisherRow row, long packetId, StoredRecord stored, out InflightEntry? entry, out string? problem)
    {
        entry = null;
        if (!RecordBuffer.TryDecode(stored, row.Nonce, out var record, out problem)) return false;
        try
        {
            if (packetId is < PacketId.Min or > PacketId.Max) throw new ArgumentException($"{Words(packetId)} is not a packet id of a publisher.");
            entry = new InflightEntry(new PacketId((ushort)packetId), record, binding.Tables.States.Get(row, packetId, record.Sequence));
            return true;
        }
        catch (ArgumentException error)
        {
            problem = $"has a state that cannot be read: {error.Message}";
            return false;
        }
    }

    // A repeated call is answered as it was: with what was known then.
    private void Learn(LedgerEpoch epoch, long operation, long tail) => _known = (epoch.Token, Math.Max(Known(epoch).Operation, operation), Math.Max(Known(epoch).Tail, tail));

    private (long Operation, long Tail) Known(LedgerEpoch epoch) => _known.Token == epoch.Token ? (_known.Operation, _known.Tail) : default;

    private static long Later(long now, TimeSpan duration) => now + (long)Math.Clamp(duration.TotalMilliseconds, 1, 1L << 50);

    private void RaiseChanged(LedgerChange change) => LedgerHub.Raise(LedgerHub.Of(_options.Path, _binding!.Options.PublisherId), member => member.OnChanged(change));
}
