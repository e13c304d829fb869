using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Torture.Verbs.CommitCost;

/// <summary>
/// The library's own session on a real ledger, with a broker that acknowledges at once: commits are what they are in a publisher, one outstanding at a time, each with the
/// confirms of the one before. It always has as many messages of its own under way as a commit takes.
/// </summary>
internal sealed class CostOwner
{
    private const int ConnectionId = 1;

    private readonly AckLedger _ledger;
    private readonly Func<LedgerRecord> _newMessage;
    private readonly int _batch;
    private readonly PublishSession _session;
    private int _hasWork;
    private long _pending;

    public CostOwner(AckLedger ledger, LedgerEpoch epoch, RecoveredState recovered, int batch, Func<LedgerRecord> newMessage)
    {
        (_ledger, _batch, _newMessage) = (ledger, batch, newMessage);
        _session = new PublishSession(new SessionSettings { MaxInFlight = 2 * batch, MaxBatch = batch }, epoch, recovered);
        _session.OnConnected(new ConnectionInfo(ConnectionId, SessionPresent: false), DateTimeOffset.UtcNow);
    }

    /// <summary>Messages accepted and not finished, at the end of the last turn.</summary>
    public long Pending => Volatile.Read(ref _pending);

    /// <summary>Others have appended.</summary>
    public void HasWork() => Volatile.Write(ref _hasWork, 1);

    /// <summary>Works until it is over. How many messages were finished and stored as such.</summary>
    public async Task<long> RunAsync(CancellationToken over)
    {
        long finished = 0;
        for (var own = 0; !over.IsCancellationRequested;)
        {
            for (; own < _batch; own++) _session.Enqueue(_newMessage(), null);
            if (Interlocked.Exchange(ref _hasWork, 0) == 1) _session.OnWork();
            var now = DateTimeOffset.UtcNow;
            if (_session.BuildCommit(now) is { } commit)
            {
                // The session fills the commit's lists anew.
                var confirmed = commit.Confirms.Count;
                for (LedgerCommit? next = commit; next is not null;) next = _session.OnCommitted(await _ledger.CommitAsync(next, CancellationToken.None), now);
                finished += confirmed;
                // As many of its own as were finished, whoever's they were: nothing piles up.
                own -= Math.Min(own, confirmed);
            }

            Acknowledge(now);
            if (_session.TryBeginRead(out var after, out var count)) _session.OnBacklog(await _ledger.ReadBacklogAsync(after, count, CancellationToken.None));
            Volatile.Write(ref _pending, _session.Pending);
        }

        return finished;
    }

    private void Acknowledge(DateTimeOffset now)
    {
        var sends = _session.Outputs.Sends.ToArray();
        if (_session.Outputs.Stopped is { } status) throw new InvalidOperationException($"The ledger no longer obeys: {status}.");
        _session.Outputs.Clear();
        foreach (var packet in sends) _session.OnAck(ConnectionId, new Ack(AckKind.PubAck, packet.PacketId), now);
    }
}
