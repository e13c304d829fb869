using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Session;

// A handshake that is over serves another message, when it is certain that nothing in the session refers to it any more. Where that is not certain, or rare, it is left to the collector.
internal sealed partial class PublishSession
{
    private readonly Stack<Handshake> _over = new();

    /// <summary>For the next message: one that is over, or a new one.</summary>
    /// <remarks>
    /// <para>Why none of the session's collections can hold one that comes from <see cref="_over"/>. It is plainly over: see <see cref="Handshake.IsPlainlyOver"/>.</para>
    /// <list type="bullet">
    /// <item><see cref="_inflight"/>: it left with its packet id when it was finished. <see cref="_bySequence"/>: each is in there once, and left it just before.</item>
    /// <item><see cref="_resend"/> and <see cref="_released"/>: what is in there may have come to its end (a broker that answers a PUBREL which has not left yet, say), and is passed over only when its
    /// turn comes. So nothing is kept unless both are empty, what is finished never comes into them, and nothing begins before both are empty again.</item>
    /// <item><see cref="_parked"/> and <see cref="_givenUp"/>: what has been in there has had a due time, another packet id or a reason, and is not plainly over.</item>
    /// <item><see cref="_toStore"/>: <see cref="TakeStages"/> has just taken out all but those that wait for another packet id.</item>
    /// <item>Commits: this is for one that is being built, so none is on its way, and the last one has been cleared or is never used again. Those that were taken back from one are not kept.</item>
    /// <item>Locals: only <see cref="Begin"/> asks, and only <see cref="BuildCommit"/> leads there, which nothing calls that has a handshake in its hand.</item>
    /// </list>
    /// </remarks>
    private Handshake NewHandshake(LedgerRecord record, PacketId id, SendOrder order)
    {
        if (!_over.TryPop(out var handshake)) return new Handshake(record, id, order);
        handshake.Begin(record, id, order);
        return handshake;
    }

    /// <summary>It has left <see cref="_bySequence"/>, finished: the last that holds it, or it is not kept.</summary>
    private void Keep(Handshake handshake)
    {
        // As many as may begin between two looks at the head.
        if (!handshake.IsPlainlyOver || _resend.Count > 0 || _released.Count > 0 || _over.Count >= _settings.MaxInFlight) return;
        if (_settings.PoisonsHandshakes)
        {
            handshake.Poison();
            return;
        }

        handshake.End();
        _over.Push(handshake);
    }
}
