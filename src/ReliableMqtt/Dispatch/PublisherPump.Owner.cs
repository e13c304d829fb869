using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Dispatch;

// The session comes with the lease, and goes with it.
internal sealed partial class PublisherPump
{
    /// <summary>Puts a session to work. Completes when connections may be made for it: <see cref="CleanStart"/> is its own from then on.</summary>
    public Task OwnAsync(PublishSession session)
    {
        var owned = new NewSession(session, NewSignal<bool>());
        return Post(new(PumpInputKind.Owned) { Subject = owned }) ? owned.Ready.Task : Task.FromCanceled(_stopping.Token);
    }

    private void Own(NewSession owned)
    {
        Abandon(null);
        var session = _session = owned.Session;
        _cleanStart = session.NeedsCleanStart;
        EndStandby();
        GiveEarly();
        owned.Ready.TrySetResult(true);
        if (_connection is null) return;
        // What this session holds was sent by an earlier one, and nothing may be resent on a living connection [MQTT-4.4.0-1].
        Wire!.Recycle(_connection.ConnectionId, RecycleReason.NewOwner);
        _connection = null;
    }

    /// <summary>Gives the session what came before it, unless that must wait for something older whose answer is on its way.</summary>
    private void GiveEarly()
    {
        if (_session is null || MustWait) return;
        while (_early.TryDequeue(out var incoming)) _session.Enqueue(incoming.Record, incoming.Ticket);
    }

    /// <summary>New messages must not overtake those of which it is not known yet whether they are stored.</summary>
    private bool MustWait => _accepting is not null || _leaving is not null;

    /// <summary>How many of the messages that were given have had their answer: they get it in their order.</summary>
    private long Answered => _given - _early.Count - (_accepting?.Messages.Count ?? 0) - (_session?.Unanswered ?? 0) - (_leaving?.Unanswered ?? 0);

    /// <summary>Lets go of the session: what it has not stored is not stored, what it has stored is the ledger's.</summary>
    /// <param name="why">Told to the owner of the lease; null when he knows.</param>
    /// <param name="isAnswered">No answer to a commit will come any more.</param>
    private void Abandon(CommitStatus? why, bool isAnswered = false)
    {
        if (_session is not { } session) return;
        _session = null;
        TellCompletions(session); // Who has had his answer is not told that it is uncertain.
        // The ledger will still say what became of the last commit, also to a fenced owner.
        if (session.Uncertain.Count > 0 && !isAnswered) _leaving = session;
        else Dissolve(session, certainlyNotStored: false);
        _receipts.Dismiss(null);
        Volatile.Write(ref _snapshot, new(0, 0, _snapshot.Resumed, null));
        if (why is not null) Disobeyed?.Invoke(why.Value);
    }

    /// <summary>The answer to the last commit of a session that was let go.</summary>
    private void OnLastAnswer(PublishSession session, CommitResult result, DateTimeOffset now)
    {
        _leaving = null;
        var again = session.OnCommitted(result, now);
        TellCompletions(session);
        _receipts.Dismiss(null);
        Dissolve(session, certainlyNotStored: again is not null);
        GiveEarly();
    }

    /// <summary>The ledger broke its contract for this session: what it holds is all that is sure.</summary>
    private void OnBroken(PublishSession session)
    {
        if (session == _session) Abandon(CommitStatus.RolledBack, isAnswered: true);
        if (session != _leaving) return;
        _leaving = null;
        Dissolve(session, certainlyNotStored: false);
        GiveEarly();
    }

    private void Dissolve(PublishSession session, bool certainlyNotStored)
    {
        List<Incoming> unstored = [];
        foreach (var incoming in session.Uncertain)
        {
            // By an id of the application's the ledger will know it again; one without may be stored twice if it were tried again.
            if (!certainlyNotStored && !incoming.Record.HasApplicationId) ((PublishTicket?)incoming.Ticket)?.Fail(Uncertain(incoming.Record));
            else
            {
                incoming.Ticket?.GiveBack(mayBeStored: !certainlyNotStored);
                unstored.Add(PublishSession.Unstamp(incoming));
            }
        }

        unstored.AddRange(session.TakeUnstored());
        Requeue(unstored);
    }

    private static ReliablePublishException Uncertain(LedgerRecord record) => new(PublishFailure.LedgerUnavailable,
        "This process lost its hold of the ledger while the message was being stored: it may be in the ledger or not. Publish it again with the same message id to be sure.",
        new PublishReceipt { Outcome = PublishOutcome.Unknown, Topic = record.Topic, QualityOfService = record.QualityOfService, MessageId = record.HasApplicationId ? record.MessageId : default });
}

/// <summary>A session that is to be put to work.</summary>
internal sealed record NewSession(PublishSession Session, TaskCompletionSource<bool> Ready);
