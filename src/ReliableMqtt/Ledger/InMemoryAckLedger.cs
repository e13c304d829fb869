using System.Security.Cryptography;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>
/// The ledger in memory: the reference implementation of <see cref="AckLedger"/>, for tests and for trying things out. It keeps every
/// promise of the port but one: all of it is lost when the process ends (<see cref="LedgerDurabilityLevel.Process"/>).
/// </summary>
/// <remarks>
/// A commit that breaks a precondition of <see cref="LedgerCommit"/> (a busy packet id, another head of the backlog, an unknown entry) is an
/// error of the caller: <see cref="InvalidOperationException"/>, and nothing is changed. After <see cref="DisposeAsync"/> every method throws
/// <see cref="ObjectDisposedException"/>; a lease that was not released then waits for its end, as after a crash.
/// </remarks>
public sealed class InMemoryAckLedger : AckLedger
{
    private readonly InMemoryLedgerStore _store;
    private readonly Action<LedgerChange> _raiseChanged;
    private readonly Action<ulong, IReadOnlyList<StatusAnswer>> _raiseFinished;
    private readonly InMemoryAcceptor _acceptor = new(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) | 1);
    private Binding? _binding;
    private volatile bool _disposed;

    /// <summary>What this object knows to be stored, as an owner: a store that has less has lost writes.</summary>
    private (string Token, long Operation, long Tail) _known = ("", 0, 0);

    /// <summary>Makes a ledger with a store of its own.</summary>
    public InMemoryAckLedger() : this(new InMemoryLedgerStore()) { }

    /// <summary>Makes a ledger on a store that it shares with others, as processes share a server. Disposing the ledger leaves the store.</summary>
    public InMemoryAckLedger(InMemoryLedgerStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
        _raiseChanged = change => Raise(() =>
        {
            if (!_acceptor.IsIdle && _binding is { } binding) binding.Publisher.Look(binding.Options, _acceptor);
            OnChanged(change);
        });
        _raiseFinished = (acceptor, answers) =>
        {
            if (acceptor == _acceptor.Id) Raise(() => OnFinished(answers));
        };
    }

    /// <inheritdoc />
    public override string Kind => "memory";

    /// <inheritdoc />
    public override ValueTask<LedgerDurability> OpenAsync(LedgerOpenOptions options, CancellationToken cancellationToken) => Answer(() =>
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(options.PublisherId, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.LeaseDuration, TimeSpan.Zero, nameof(options));
        if (_binding is { } bound && bound.Options.PublisherId != options.PublisherId)
            throw new InvalidOperationException(
                $"This ledger is open for publisher id '{bound.Options.PublisherId}'; it cannot serve '{options.PublisherId}' too.");

        var publisher = options.CreateIfMissing ? _store.Of(options.PublisherId) : _store.Find(options.PublisherId)
            ?? throw new LedgerNotFoundException($"There is no ledger of publisher id '{options.PublisherId}' in this store. Nothing was written.");
        publisher.Changed -= _raiseChanged;
        publisher.Changed += _raiseChanged;
        publisher.Finished -= _raiseFinished;
        publisher.Finished += _raiseFinished;
        _binding = new Binding(publisher, options);
        return new LedgerDurability(LedgerDurabilityLevel.Process, "The ledger is in memory: all of it is lost when this process ends.");
    }, cancellationToken);

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<AcceptAnswer>> AcceptAsync(
        IReadOnlyList<LedgerRecord> records, CancellationToken cancellationToken) =>
        Answer(() => Bound(out var options).Accept(options, records, _acceptor), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<StatusAnswer>> FindAsync(
        IReadOnlyList<MessageId> messageIds, CancellationToken cancellationToken) =>
        Answer(() => Bound(out var options).Find(options, messageIds, _acceptor), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<LedgerStatistics> GetStatisticsAsync(CancellationToken cancellationToken) =>
        Answer(() => Bound(out var options).Count(options), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<LedgerOverview> GetOverviewAsync(CancellationToken cancellationToken) =>
        Answer(() => Bound(out var options).Overview(options), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<PendingPage> ListPendingAsync(long afterSequence, int count, CancellationToken cancellationToken) =>
        Answer(() => Bound(out _).ListPending(afterSequence, count), cancellationToken);

    /// <inheritdoc />
    /// <remarks>Always empty: what is in memory is not written as bytes, and so is never unreadable.</remarks>
    public override ValueTask<QuarantinePage> ListQuarantineAsync(long afterNumber, int count, CancellationToken cancellationToken) => Answer(() =>
    {
        Bound(out _);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return new QuarantinePage([], null);
    }, cancellationToken);

    /// <inheritdoc />
    public override ValueTask<LeaseGrant> AcquireAsync(CancellationToken cancellationToken) =>
        Answer(() => Bound(out var options).Acquire(options, this), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<LeaseRenewal> RenewAsync(LedgerEpoch epoch, CancellationToken cancellationToken) =>
        Answer(() => Bound(out var options).Renew(options, epoch, Known(epoch)), cancellationToken);

    /// <inheritdoc />
    public override ValueTask ReleaseAsync(LedgerEpoch epoch, CancellationToken cancellationToken)
    {
        var done = Answer(() => Bound(out _).Release(epoch), cancellationToken);
        return done.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(done.AsTask());
    }

    /// <inheritdoc />
    public override ValueTask<RecoveredState> RecoverAsync(LedgerEpoch epoch, CancellationToken cancellationToken) =>
        Answer(() =>
        {
            var recovered = Bound(out _).Recover(epoch);
            _known = (epoch.Token, recovered.LastOperation, recovered.Tail);
            return recovered;
        }, cancellationToken);

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<LedgerRecord>> ReadBacklogAsync(
        long afterSequence, int count, CancellationToken cancellationToken) =>
        Answer(() =>
        {
            var page = Bound(out _).ReadBacklog(afterSequence, count);
            // What an owner has read it counts on.
            if (page.Count > 0) _known.Tail = Math.Max(_known.Tail, page[^1].Sequence);
            return page;
        }, cancellationToken);

    /// <inheritdoc />
    public override ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken) =>
        Answer(() =>
        {
            ArgumentNullException.ThrowIfNull(commit);
            var result = Bound(out var options).Commit(options, commit, _acceptor.Id, Known(commit.Epoch));
            if (result.Status is CommitStatus.Applied or CommitStatus.AppendsRefused) Learn(commit.Epoch, commit.Operation, result.Tail);
            return result;
        }, cancellationToken);

    /// <inheritdoc />
    /// <remarks>A store in memory loses no writes: this is here for what is tested with it.</remarks>
    public override ValueTask<RestoreResult> RestoreAsync(LedgerRestore restore, CancellationToken cancellationToken) =>
        Answer(() =>
        {
            ArgumentNullException.ThrowIfNull(restore);
            restore = restore with { Tail = Math.Max(restore.Tail, Known(restore.Epoch).Tail) };
            var result = Bound(out var options).Restore(options, this, restore);
            if (result.Status == RestoreStatus.Restored) Learn(restore.Epoch, restore.Operation, result.Tail);
            return result;
        }, cancellationToken);

    /// <inheritdoc />
    public override ValueTask<DeadLetterPage> ListDeadLettersAsync(string? continuation, int count, CancellationToken cancellationToken) =>
        Answer(() => Bound(out var options).ListDeadLetters(options, continuation, count), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<DeadLetter?> FindDeadLetterAsync(MessageId messageId, CancellationToken cancellationToken) =>
        Answer(() => Bound(out var options).FindDeadLetter(options, messageId), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<ReplayAnswer> ReplayAsync(MessageId messageId, CancellationToken cancellationToken) =>
        Answer(() => Bound(out var options).Replay(options, messageId), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<bool> PurgeAsync(MessageId messageId, CancellationToken cancellationToken) =>
        Answer(() => Bound(out var options).Purge(options, messageId), cancellationToken);

    /// <inheritdoc />
    public override ValueTask DisposeAsync()
    {
        _disposed = true;
        if (_binding is not { } binding) return ValueTask.CompletedTask;
        binding.Publisher.Changed -= _raiseChanged;
        binding.Publisher.Finished -= _raiseFinished;
        return ValueTask.CompletedTask;
    }

    // A repeated call is answered as it was: with what was known then.
    private void Learn(LedgerEpoch epoch, long operation, long tail) =>
        _known = (epoch.Token, Math.Max(Known(epoch).Operation, operation), Math.Max(Known(epoch).Tail, tail));

    private (long Operation, long Tail) Known(LedgerEpoch epoch) => _known.Token == epoch.Token ? (_known.Operation, _known.Tail) : default;

    private InMemoryPublisher Bound(out LedgerOpenOptions options)
    {
        var binding = _binding ?? throw new InvalidOperationException($"Call {nameof(OpenAsync)} first.");
        options = binding.Options;
        return binding.Publisher;
    }

    // Errors travel in the task, as they do from a ledger that has to ask a server.
    private ValueTask<T> Answer<T>(Func<T> operation, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<T>(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return ValueTask.FromResult(operation());
        }
        catch (Exception e)
        {
            return ValueTask.FromException<T>(e);
        }
    }

    // It runs within somebody else's call, after the write: what a handler throws must not make that call look as if nothing was written.
    private void Raise(Action handlers)
    {
        try
        {
            if (!_disposed) handlers();
        }
        catch (Exception)
        {
            // Best effort: whoever listens polls as well.
        }
    }

    private sealed record Binding(InMemoryPublisher Publisher, LedgerOpenOptions Options);
}
