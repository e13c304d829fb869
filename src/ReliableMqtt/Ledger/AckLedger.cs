using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>
/// Keeps every accepted message of one publisher id until the broker has confirmed it. This is a port: Redis, SQLite and memory implement
/// it, and all of them pass the same conformance suite.
/// </summary>
/// <remarks>
/// <para>
/// A ledger holds, per publisher id: an ordered <b>backlog</b> of accepted messages; the <b>in-flight</b> set, keyed by packet id,
/// whose entries are in a stage; <b>dead letters</b>; the <b>outcomes</b> of finished message ids for a time; a <b>lease</b>.
/// One sequence orders all messages of the publisher id, whoever accepts them.
/// </para>
/// <para><b>Contract of every method.</b>
/// <list type="bullet">
/// <item>It is atomic: all of it happens or nothing, also when the process or the store dies in the middle.</item>
/// <item>If it returns, what it says is durable to the degree that <see cref="OpenAsync"/> reported.</item>
/// <item>It returns only with a definite answer. An ambiguous write (a timeout, a broken connection) is answered by the implementation
/// running the very same write again, which therefore must be idempotent, until there is an answer or the token is cancelled.</item>
/// <item>If it throws <see cref="LedgerUnavailableException"/>, the write may or may not have been applied; the caller may call again with the
/// same arguments, and must not take the step that the write guards. Any other exception means that nothing was written.</item>
/// </list>
/// </para>
/// <para>Members are safe to call from several threads; <see cref="CommitAsync"/> has one caller at a time.</para>
/// </remarks>
public abstract class AckLedger : IAsyncDisposable
{
    /// <summary>A short name for logs: <c>redis</c>, <c>sqlite</c>, <c>memory</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>Binds this object to a publisher id, creates what is missing, and finds out how durable the store is. Called once, before all else.</summary>
    /// <exception cref="LedgerUnavailableException">The store cannot be reached. Calling again is allowed.</exception>
    /// <exception cref="LedgerNotFoundException">There is no ledger of this publisher id, and <see cref="LedgerOpenOptions.CreateIfMissing"/> is false. Calling again is allowed.</exception>
    /// <exception cref="InvalidOperationException">The store's schema has another version, or this object is bound to another publisher id.</exception>
    public abstract ValueTask<LedgerDurability> OpenAsync(LedgerOpenOptions options, CancellationToken cancellationToken);

    /// <summary>Appends messages to the backlog in their order (W1). Needs no lease: any process may accept. One call at a time for each object.</summary>
    /// <returns>One answer a record, in order. When the ledger is full a prefix is taken, and the others are <see cref="AcceptStatus.Full"/>.</returns>
    /// <exception cref="LedgerUnavailableException">For a while the store could not be asked. Other than elsewhere this is definite: nothing was stored.</exception>
    public abstract ValueTask<IReadOnlyList<AcceptAnswer>> AcceptAsync(IReadOnlyList<LedgerRecord> records, CancellationToken cancellationToken);

    /// <summary>What is true of these message ids now, one answer an id, in order. Never says <see cref="LedgerStatus.Confirmed"/> of what was not confirmed.</summary>
    public abstract ValueTask<IReadOnlyList<StatusAnswer>> FindAsync(IReadOnlyList<MessageId> messageIds, CancellationToken cancellationToken);

    /// <summary>Counts, for status and metrics.</summary>
    public abstract ValueTask<LedgerStatistics> GetStatisticsAsync(CancellationToken cancellationToken);

    /// <summary>Who dispatches, and where the ledger stands. Needs no lease and changes nothing.</summary>
    public abstract ValueTask<LedgerOverview> GetOverviewAsync(CancellationToken cancellationToken);

    /// <summary>
    /// A page of what is accepted and not finished, in flight and in the backlog, in the order of the sequences: for people who look, not for the owner.
    /// Needs no lease and changes nothing; a record that cannot be read is listed with its problem. A message that is there all the time comes exactly once,
    /// also when it becomes in flight between two pages.
    /// </summary>
    /// <param name="afterSequence">The page begins behind this sequence: 0 at first, then what the page before says.</param>
    /// <param name="count">How many at most, from 1; a page may have fewer, and be followed by another.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public abstract ValueTask<PendingPage> ListPendingAsync(long afterSequence, int count, CancellationToken cancellationToken);

    /// <summary>A page of the records that could not be read and were put aside, in the order in which that was done. Needs no lease and changes nothing.</summary>
    /// <param name="afterNumber">The page begins behind this number: 0 at first, then what the page before says.</param>
    /// <param name="count">How many at most, from 1; a page may have fewer, and be followed by another.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public abstract ValueTask<QuarantinePage> ListQuarantineAsync(long afterNumber, int count, CancellationToken cancellationToken);

    /// <summary>
    /// Asks for the right to dispatch. At most one epoch is current at a time; acquiring it makes every earlier epoch stale for ever,
    /// so that <see cref="CommitAsync"/> with one of them answers <see cref="CommitStatus.Fenced"/> and changes nothing.
    /// </summary>
    public abstract ValueTask<LeaseGrant> AcquireAsync(CancellationToken cancellationToken);

    /// <summary>Prolongs the lease, and finds out whether the store still has what its holder knows to be stored.</summary>
    public abstract ValueTask<LeaseRenewal> RenewAsync(LedgerEpoch epoch, CancellationToken cancellationToken);

    /// <summary>Gives the lease back, so that another process can have it at once. A stale epoch is ignored.</summary>
    public abstract ValueTask ReleaseAsync(LedgerEpoch epoch, CancellationToken cancellationToken);

    /// <summary>Reads what a new owner must know before it sends anything: the in-flight entries with their stages, the tail, the broker session.</summary>
    /// <exception cref="LedgerFencedException">The epoch is stale.</exception>
    public abstract ValueTask<RecoveredState> RecoverAsync(LedgerEpoch epoch, CancellationToken cancellationToken);

    /// <summary>The oldest messages of the backlog with a sequence above <paramref name="afterSequence"/>, in order, at most <paramref name="count"/>.</summary>
    public abstract ValueTask<IReadOnlyList<LedgerRecord>> ReadBacklogAsync(long afterSequence, int count, CancellationToken cancellationToken);

    /// <summary>
    /// Applies one group commit of the owner: all of its sections or none (see <see cref="CommitStatus"/> for the one exception).
    /// It carries an operation number that must be exactly one above the last applied one; a commit that was applied before is answered
    /// as it was then, and changes nothing.
    /// </summary>
    /// <remarks>
    /// The lists of the commit are valid until the task that this returns has completed, also with an exception: the caller fills them anew for his next commit. An implementation that keeps anything
    /// of them longer, or reads them later, copies it before. The caller does not change them in the meantime.
    /// </remarks>
    /// <param name="commit">The commit. The same one comes again after a call that has thrown <see cref="LedgerUnavailableException"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public abstract ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken);

    /// <summary>
    /// Writes back what the owner has in memory, after <see cref="CommitAsync"/> or <see cref="RenewAsync"/> has said that the store has lost writes: nothing may be sent
    /// before it has answered. Its epoch is current again then, also when the acquisition itself was lost, and the next commit is one above its operation number.
    /// A restore that was applied before is answered as it was then, and changes nothing. The epoch is stale only when somebody else has acquired since.
    /// </summary>
    public abstract ValueTask<RestoreResult> RestoreAsync(LedgerRestore restore, CancellationToken cancellationToken);

    /// <summary>Reads dead letters in the order of their failing, at most <paramref name="count"/> after the one that <paramref name="continuation"/> names.</summary>
    public abstract ValueTask<DeadLetterPage> ListDeadLettersAsync(string? continuation, int count, CancellationToken cancellationToken);

    /// <summary>The dead letter with this message id, or null. This implementation looks through the pages; a store that has an index overrides it.</summary>
    public virtual async ValueTask<DeadLetter?> FindDeadLetterAsync(MessageId messageId, CancellationToken cancellationToken)
    {
        string? continuation = null;
        do
        {
            var page = await ListDeadLettersAsync(continuation, 100, cancellationToken).ConfigureAwait(false);
            if (page.Items.FirstOrDefault(letter => letter.Record.MessageId == messageId) is { } found) return found;
            continuation = page.Continuation;
        }
        while (continuation is not null);
        return null;
    }

    /// <summary>Puts a dead letter at the end of the backlog, with the same message id. Its id is pending again.</summary>
    public abstract ValueTask<ReplayAnswer> ReplayAsync(MessageId messageId, CancellationToken cancellationToken);

    /// <summary>Throws a dead letter away for good; its id then reads <see cref="LedgerStatus.Purged"/>, never confirmed. False when there is none.</summary>
    public abstract ValueTask<bool> PurgeAsync(MessageId messageId, CancellationToken cancellationToken);

    /// <summary>Raised, best effort, when it is worth looking again: whoever listens polls as well.</summary>
    public event Action<LedgerChange>? Changed;

    /// <summary>
    /// Raised, best effort, when messages that this object has accepted by <see cref="AcceptAsync"/> have come to their end in a commit of another object.
    /// It may come before <see cref="AcceptAsync"/> has returned. Whoever waits asks <see cref="FindAsync"/> from time to time as well.
    /// </summary>
    public event Action<IReadOnlyList<StatusAnswer>>? Finished;

    /// <summary>Raises <see cref="Changed"/>.</summary>
    protected void OnChanged(LedgerChange change) => Changed?.Invoke(change);

    /// <summary>Raises <see cref="Finished"/>.</summary>
    protected void OnFinished(IReadOnlyList<StatusAnswer> answers) => Finished?.Invoke(answers);

    /// <inheritdoc />
    public abstract ValueTask DisposeAsync();
}
