using ReliableMqtt.Ledger;

namespace ReliableMqtt.Session;

// A message that ends every connection that carries it. It is found by sending alone, and in the old order, what was in flight when connections
// ended. What counts as proof, and why so much of it is asked for: docs/adr/0013.
internal sealed partial class PublishSession
{
    /// <summary>
    /// So many connections must end with a message as the oldest in flight before it is sent alone: less is everyday bad luck. Only the oldest counts, since
    /// those behind it wait for more connections the wider the window is and the shorter they live.
    /// </summary>
    private const int SuspectAfter = 3;

    /// <summary>So many connections must end with it alone on them. They lie 4, 8, 16 … s apart, so a link that flaps for a few seconds does not get there.</summary>
    private const int ConvictAfter = 3;

    /// <summary>So many more for each verdict since anything got through: a broker that ends every connection must not empty the queue.</summary>
    private const int MoreForEachVerdict = 2;

    private const int ConvictAtMost = 10;

    /// <summary>The doubling of the quiet time stops here: at 64 s with the default.</summary>
    private const int QuietDoublings = 5;

    private const int Everything = int.MaxValue;

    /// <summary>A broker that does not like a packet ends the connection within this time. What it tolerates for longer is no poison.</summary>
    private static readonly TimeSpan BlameWithin = TimeSpan.FromSeconds(10);

    // Valid for this ownership of the ledger. It begins with one, since nothing has got through yet.
    private int _verdictsInARow = 1;

    // Valid for one connection.
    /// <summary>So many may be in flight while a suspect is looked for: one at first, twice as many with each ack.</summary>
    private int _isolation = Everything;
    private DateTimeOffset? _probeAt;
    private DateTimeOffset? _provenAt;
    private bool _strayLeft;

    /// <summary>Nothing may leave yet: the connection has to show first that it lives without a suspect.</summary>
    private bool IsQuiet => _isolation == 1 && _provenAt is null;

    private void BeginIsolation(DateTimeOffset now)
    {
        (_isolation, _probeAt, _provenAt, _strayLeft) = (Everything, null, null, false);
        var suspect = InSendOrder().Where(h => h.IsOpen && h.Suspicion >= SuspectAfter).MaxBy(h => h.Strikes);
        if (suspect is null) return;
        _isolation = 1;
        _probeAt = now + QuietTime(suspect.Strikes);
        WakeBy(_probeAt.Value);
        Outputs.Suspect = suspect.Record;
    }

    /// <summary>The first look costs no more than a reconnect: mostly the network is bad, and the suspect innocent. After a strike there is reason to take one's time.</summary>
    private TimeSpan QuietTime(int strikes) => strikes == 0 ? _settings.Quiet / 8 : _settings.Quiet * (1 << Math.Min(strikes, QuietDoublings));

    /// <summary>The connection has answered the probe: what it carries from now on, it carries alive.</summary>
    public void OnAlive(int connectionId, DateTimeOffset now)
    {
        if (_connection?.ConnectionId != connectionId || !IsQuiet) return;
        _provenAt = now;
        SendWaiting(now);
    }

    private void TickIsolation(DateTimeOffset now)
    {
        if (_probeAt > now) WakeBy(_probeAt.Value);
        else if (_probeAt is not null)
        {
            _probeAt = null;
            Outputs.Probe = true;
        }

        if (_isolation != 1 || _inflight.Values.FirstOrDefault(AwaitsAck) is not { } alone) return;
        if (alone.SentAt + BlameWithin > now)
        {
            WakeBy(alone.SentAt + BlameWithin);
            return;
        }

        // The broker takes its time, but it does not mind.
        Acquit();
        _isolation = Everything;
        SendWaiting(now);
    }

    /// <summary>An ack has moved a handshake: neither it nor the connection is at fault.</summary>
    private void OnProgress(Handshake handshake, DateTimeOffset now)
    {
        handshake.Suspicion = handshake.Strikes = 0;
        _verdictsInARow = 0;
        if (_isolation == Everything) return;
        _isolation = _isolation * 2 >= _settings.MaxInFlight ? Everything : _isolation * 2;
        SendWaiting(now);
    }

    /// <summary>The connection has ended; what was in flight on it is still marked so.</summary>
    private void Judge(ConnectionLoss loss, DateTimeOffset now)
    {
        if (_recycling && _isolation == 1) Acquit(); // It was this side that lost patience.
        if (_recycling || loss.Cause == LossCause.Local) return;
        var suspects = _inflight.Values.Where(AwaitsAck).ToList();
        if (_isolation == 1 && suspects.Count == 0)
        {
            // It ended with nothing on it. So that is how connections end here: what they took with them before says nothing.
            Acquit();
            return;
        }

        if (!loss.MayBlamePacket) return;
        suspects.RemoveAll(h => now - h.SentAt > BlameWithin);
        if (suspects.MinBy(static h => h.SentPlace) is not { } oldest) return;
        if (suspects.Count == 1 && IsProof(oldest, loss)) Strike(oldest, loss);
        else oldest.Suspicion++;
    }

    /// <summary>The connection lived, then it got this packet and nothing else, and then it was ended by the peer.</summary>
    private bool IsProof(Handshake alone, ConnectionLoss loss) =>
        _isolation == 1 && alone.Suspicion >= SuspectAfter && _provenAt is { } proven && alone.SentAt - proven <= BlameWithin
        && !_strayLeft && loss is { Unsent: false, OthersLeft: false };

    private void Strike(Handshake alone, ConnectionLoss loss)
    {
        alone.Strikes++;
        if (alone.Strikes < Math.Min(ConvictAfter + (MoreForEachVerdict * _verdictsInARow), ConvictAtMost)) return;
        _verdictsInARow++;
        var text = alone.Stage == HandshakeStage.Released
            ? $"each of {alone.Strikes} connections ended after its PUBREL, which was alone on it ({loss}); the broker had taken the PUBLISH before, so it was probably delivered"
            : $"each of {alone.Strikes} connections ended after its PUBLISH, which was alone on it ({loss}); whether it was delivered is not known";
        // The broker may hold its packet id: only a clean session frees it there.
        Condemn();
        GiveUp(alone, HandshakeEvent.Poisoned, new DeadLetterReason(DeadLetterCause.Poison, null, text));
        Acquit(); // The others were only near.
    }

    private void Acquit()
    {
        foreach (var handshake in _inflight.Values) handshake.Suspicion = handshake.Strikes = 0;
    }
}
