using ReliableMqtt.Ledger;

namespace ReliableMqtt.Session;

// Refusals, and what waits for time: parked messages, overdue acks, a store without room.
internal sealed partial class PublishSession
{
    /// <summary>So many packet ids refused as in use on one connection mean that the broker's session is not ours: begin a clean one.</summary>
    private const int TaintedIdsTolerated = 2;

    private readonly List<Handshake> _parked = [];
    private int _windowCap;
    private int _taintedIds;
    private DateTimeOffset _pausedUntil;

    /// <summary>PUBACK or PUBREC of 0x80 and above: the handshake is over, the broker has not taken the message (MQTT 5 §4.3.2, §4.3.3).</summary>
    private void Refuse(Handshake handshake, in Ack ack, AckVerdict verdict, DateTimeOffset now)
    {
        if (HandshakeTable.Next(handshake.Stage, HandshakeEvent.RefusedForNow, handshake.IsExactlyOnce) is { IsLegal: false } wrong)
        {
            Stray(ack, handshake.Stage, wrong.Error);
            return;
        }

        var counts = verdict is AckVerdict.Retry or AckVerdict.DeadLetter;
        var forGood = !ShouldRetry(handshake, ack, verdict) || (counts && handshake.Refusals + 1 >= _settings.MaxAttempts);
        MustStep(handshake, forGood ? HandshakeEvent.RefusedForGood : HandshakeEvent.RefusedForNow);
        (handshake.AckCode, handshake.AckText) = (ack.ReasonCode, ack.ReasonString);
        if (forGood)
        {
            handshake.Reason = new DeadLetterReason(DeadLetterCause.Rejected, ack.ReasonCode, ack.ReasonString);
            LetGo(handshake);
        }
        else
        {
            Hold(handshake);
            if (counts) handshake.Refusals++;
            handshake.DueAt = now + (verdict == AckVerdict.PacketIdInUse ? TimeSpan.Zero : _settings.RetryDelay(handshake.Attempts));
            handshake.Attempts++;
            if (verdict == AckVerdict.RetryPaused) Pause(handshake.DueAt.Value, now);
            if (verdict == AckVerdict.PacketIdInUse) Taint(handshake);
        }

        OnProgress(handshake, now);
        SendWaiting(now);
    }

    /// <summary>The application's word, or that of the table. A packet id in use is no matter of the message: nobody is asked.</summary>
    private bool ShouldRetry(Handshake handshake, in Ack ack, AckVerdict verdict)
    {
        if (verdict == AckVerdict.PacketIdInUse) return true;
        var refusal = new Refusal(handshake.Record, ack.ReasonCode, ack.ReasonString, handshake.Attempts);
        return _settings.ShouldRetry?.Invoke(refusal) ?? verdict != AckVerdict.DeadLetter;
    }

    private void Hold(Handshake handshake)
    {
        if (!handshake.HoldsOthers) _refused++;
        handshake.HoldsOthers = true;
    }

    private void LetGo(Handshake handshake)
    {
        if (handshake.HoldsOthers) _refused--;
        handshake.HoldsOthers = false;
    }

    /// <summary>Quota exceeded: fewer at a time, and none until the retry. What was in flight at the pause may be refused as well, for the same reason: that halves nothing again.</summary>
    private void Pause(DateTimeOffset until, DateTimeOffset now)
    {
        if (now >= _pausedUntil) _windowCap = Math.Max(1, Math.Min(_windowCap, _connection?.ReceiveMaximum ?? _windowCap) / 2);
        if (until > _pausedUntil) _pausedUntil = until;
    }

    private void WidenWindow()
    {
        if (_windowCap < _settings.MaxInFlight) _windowCap++;
    }

    private void Taint(Handshake handshake)
    {
        handshake.PacketIdTainted = true;
        if (++_taintedIds > TaintedIdsTolerated) Condemn();
    }

    /// <summary>Finish what is in flight, then begin a clean session: a packet id is in use at the broker that nothing here can free.</summary>
    private void Condemn()
    {
        if (_session != BrokerSession.Established) return;
        _session = BrokerSession.Condemned;
        _sessionUnsaved = true;
    }

    private void Park(Handshake handshake)
    {
        _parked.Add(handshake);
        if (handshake.DueAt is { } due) WakeBy(due);
    }

    /// <summary>Looks at the clock: due messages, overdue acks.</summary>
    public void Tick(DateTimeOffset now)
    {
        if (WakeAt > now) return;
        WakeAt = null;
        foreach (var parked in _parked)
            if (parked.DueAt > now) WakeBy(parked.DueAt.Value);
        if (_pausedUntil > now) WakeBy(_pausedUntil);
        if (_appendsBlockedUntil > now) WakeBy(_appendsBlockedUntil);
        if (_connection is null || _recycling) return;
        TickIsolation(now);

        DateTimeOffset? oldest = null;
        foreach (var handshake in _inflight.Values)
            if (AwaitsAck(handshake) && (oldest is null || handshake.SentAt < oldest)) oldest = handshake.SentAt;
        if (oldest is null) return;

        var deadline = oldest.Value + _settings.AckTimeout;
        if (deadline > now) WakeBy(deadline);
        else Recycle(RecycleReason.AckOverdue);
    }

    private bool AwaitsAck(Handshake handshake) =>
        handshake.Stage is HandshakeStage.Sent or HandshakeStage.Released && handshake.SentOn == _connection?.ConnectionId;

    private void Recycle(RecycleReason reason)
    {
        if (_connection is null || _recycling) return;
        _recycling = true;
        Outputs.Recycle = reason;
    }
}
