using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Session;

// Connections: what is resent on a new one, and in which order (MQTT 5 §4.4, §4.6).
internal sealed partial class PublishSession
{
    private int Window => Math.Min(Math.Min(_settings.MaxInFlight, _windowCap), Math.Min(_isolation, _connection?.ReceiveMaximum ?? 0));

    /// <summary>A CONNACK of success. Queues what must be resent, before anything new.</summary>
    public void OnConnected(ConnectionInfo connection, DateTimeOffset now)
    {
        if (_connection is { } old) OnConnectionLost(old.ConnectionId, new ConnectionLoss(LossCause.Local), now);
        _connection = connection;
        _taintedIds = 0;
        // A session that nothing here belongs to was asked to end; a broker that says otherwise would be asked for ever.
        if (!connection.SessionPresent || _session == BrokerSession.None) Establish();
        if (!connection.SessionPresent) OnSessionLost();
        BeginIsolation(now);
        Resume(now);
    }

    private void Establish()
    {
        if (_session == BrokerSession.Established) return;
        _session = BrokerSession.Established;
        _sessionUnsaved = true;
    }

    /// <summary>The connection is gone. Nothing changes its stage: what was sent stays sent.</summary>
    public void OnConnectionLost(int connectionId, ConnectionLoss loss, DateTimeOffset now)
    {
        if (_connection?.ConnectionId != connectionId) return;
        if (_heldSends.Count == 0) Judge(loss, now); // What is held back has not left, and is not to blame.
        _connection = null;
        _isolation = Everything;
        _probeAt = null;
        _released.Clear();
        _resend.Clear();
        _onWire = 0;
        _recycling = false;
        Outputs.Sends.Clear();
        Outputs.Probe = false;
        _heldSends.Clear();
    }

    /// <summary>Session Present 0: what was in flight may have arrived or not (MQTT 5 §3.2.2-5: our state of it is void).</summary>
    private void OnSessionLost()
    {
        _ids.ReleaseQuarantine();
        var giveUp = _settings.SessionLossPolicy == SessionLossPolicy.DeadLetter;
        var isBehind = false;
        foreach (var handshake in InSendOrder())
        {
            // What has not left yet must not overtake what is sent anew.
            var leavesAgain = isBehind && handshake.Stage == HandshakeStage.Sent;
            if (!leavesAgain && (!handshake.EverSent || handshake.Stage is not (HandshakeStage.Sent or HandshakeStage.Releasing or HandshakeStage.Released))) continue;
            if (giveUp)
                GiveUp(handshake, HandshakeEvent.SessionLostGiveUp, new DeadLetterReason(DeadLetterCause.SessionLost, null,
                    "the broker lost the session while the message was in flight; whether it arrived is not known"));
            else
            {
                MustStep(handshake, HandshakeEvent.SessionLostRepublish);
                isBehind = true;
            }
        }
    }

    private void Resume(DateTimeOffset now)
    {
        // PUBRELs in the order of their PUBRECs [MQTT-4.6.0-4]; a spent quota does not delay them [MQTT-3.3.4-8].
        foreach (var handshake in _inflight.Values.Where(h => h.Stage == HandshakeStage.Released).OrderBy(h => h.ReleaseOrder).ToList())
        {
            Resumed++;
            _released.Enqueue(handshake);
        }

        // PUBLISHes in the order in which they were first sent [MQTT-4.6.0-1].
        foreach (var handshake in InSendOrder())
            if (handshake.Stage == HandshakeStage.Sent) _resend.Enqueue(handshake);
        SendWaiting(now);
    }

    private List<Handshake> InSendOrder() => [.. _inflight.Values.OrderBy(h => h.Order)];

    /// <summary>Sends what waits for room in the window, in order.</summary>
    private void SendWaiting(DateTimeOffset now)
    {
        if (_connection is null || _recycling || IsQuiet) return;
        while (_released.Count > 0 && (_isolation == Everything || _onWire < Window))
        {
            if (_released.Dequeue() is { Stage: HandshakeStage.Released } released) EmitPubRel(released, now);
        }

        if (_released.Count > 0) return;
        while (_onWire < Window && _givenUp.Count == 0 && _resend.TryDequeue(out var handshake))
        {
            if (handshake.Stage == HandshakeStage.Sent) EmitPublish(handshake, now);
        }
    }

    /// <summary>A PUBLISH whose packet id is stored: it leaves when the window has room, never before one that waits already.</summary>
    private void OfferPublish(Handshake handshake, DateTimeOffset now)
    {
        if (_connection is null) return;
        _resend.Enqueue(handshake);
        SendWaiting(now);
    }

    /// <summary>A PUBREL whose release is stored: it leaves at once, unless its turn to be sent alone is still to come.</summary>
    private void OfferPubRel(Handshake handshake, DateTimeOffset now)
    {
        if (_connection is null) return;
        if (_isolation == Everything || (_released.Count == 0 && handshake.SentOn == _connection.ConnectionId))
        {
            EmitPubRel(handshake, now);
            return;
        }

        _released.Enqueue(handshake);
        SendWaiting(now);
    }

    private void EmitPublish(Handshake handshake, DateTimeOffset now)
    {
        var record = handshake.Record;
        if (FindBrokerLimit(record) is { } limit)
        {
            // Its packet id may be in use at the broker: only a clean session frees it there.
            if (handshake.EverSent) Condemn();
            GiveUp(handshake, HandshakeEvent.Unsendable, new DeadLetterReason(DeadLetterCause.BrokerLimit, null, limit));
            return;
        }

        if (handshake.EverSent) Resumed++;
        Sends.Add(new OutboundPacket(handshake.PacketId, record, Dup: handshake.EverSent, ExpirySeconds: ExpirySeconds(record, now)));
        handshake.Resent = handshake.EverSent;
        handshake.EverSent = true;
        MarkSent(handshake, now);
    }

    private void EmitPubRel(Handshake handshake, DateTimeOffset now)
    {
        Sends.Add(new OutboundPacket(handshake.PacketId, null));
        MarkSent(handshake, now);
    }

    private void MarkSent(Handshake handshake, DateTimeOffset now)
    {
        if (handshake.SentOn != _connection!.ConnectionId) _onWire++;
        handshake.SentOn = _connection.ConnectionId;
        handshake.SentAt = now;
        handshake.SentPlace = ++_sentPlaces;
        WakeBy(now + _settings.AckTimeout);
        if (_isolation == 1) WakeBy(now + BlameWithin);
    }

    /// <summary>What forbids a PUBLISH on this connection (MQTT 5 §3.2.2.3.4 to .6), or null.</summary>
    private string? FindBrokerLimit(LedgerRecord record) => BrokerLimits.Find(_connection!, record);

    /// <summary>What is left of the message's time; a message that was sent does not expire here, so it is told at least a second.</summary>
    private static uint? ExpirySeconds(LedgerRecord record, DateTimeOffset now) =>
        record.ExpiresAt is { } at ? (uint)Math.Clamp(Math.Ceiling((at - now).TotalSeconds), 1, uint.MaxValue) : null;
}
