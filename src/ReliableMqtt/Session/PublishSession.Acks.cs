using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Session;

// What the broker answers. An unknown, late or repeated ack confirms nothing and ends no connection.
internal sealed partial class PublishSession
{
    private const byte PacketIdentifierNotFound = 0x92;

    /// <summary>An ack of this connection has come.</summary>
    public void OnAck(int connectionId, in Ack ack, DateTimeOffset now)
    {
        if (_connection?.ConnectionId != connectionId) return;
        if (!_inflight.TryGetValue(ack.PacketId, out var handshake))
        {
            Stray(ack, null, HandshakeError.NothingSent);
            return;
        }

        // Its turn on this connection is still to come: whatever this answers, it is not that message.
        if (handshake.IsOpen && handshake.SentOn != connectionId)
        {
            Stray(ack, handshake.Stage, HandshakeError.NothingSent);
            return;
        }

        var verdict = ReasonCodes.OfAck(ack.Kind, ack.ReasonCode);
        // Some brokers call the packet id of a resend "in use": by the very message that is resent, which they hold.
        var heldAlready = verdict == AckVerdict.PacketIdInUse && ack.Kind == AckKind.PubRec && handshake.Resent;
        var refuses = !heldAlready && verdict is not (AckVerdict.Confirm or AckVerdict.Release);
        var rightKind = handshake.IsExactlyOnce ? ack.Kind != AckKind.PubAck : ack.Kind == AckKind.PubAck;
        if (refuses && rightKind)
        {
            Refuse(handshake, ack, verdict, now);
            return;
        }

        var what = ack.Kind switch
        {
            AckKind.PubAck => HandshakeEvent.PubAck,
            AckKind.PubRec => HandshakeEvent.PubRec,
            _ => HandshakeEvent.PubComp,
        };
        var before = handshake.Stage;
        var step = Step(handshake, what);
        if (!step.IsLegal)
        {
            Stray(ack, before, step.Error);
            return;
        }

        if (handshake.Stage == before)
        {
            if (step.Effect == HandshakeEffect.SendPubRel) SendStray(handshake.PacketId);
        }
        else if (handshake.Stage == HandshakeStage.Releasing)
        {
            handshake.AckCode = heldAlready ? (byte)0 : ack.ReasonCode;
            handshake.AckText = ack.ReasonString;
            handshake.ReleaseOrder = ++_releases;
            OnProgress(handshake, now);
        }
        else if (handshake.Stage == HandshakeStage.Confirming)
        {
            if (ack.Kind == AckKind.PubAck) (handshake.AckCode, handshake.AckText) = (ack.ReasonCode, ack.ReasonString);
            WidenWindow();
            LetGo(handshake);
            OnProgress(handshake, now);
            SendWaiting(now);
            // The broker has it: the waiter may know. Should the confirm get lost with a crash, the handshake is resumed, not the message sent anew.
            Finish(handshake, PublishOutcome.Confirmed, handshake.AckCode, handshake.AckText);
        }
    }

    private void Stray(in Ack ack, HandshakeStage? stage, HandshakeError error)
    {
        Outputs.Strays.Add(new StrayAck(ack, stage, error));
        // The broker waits for PUBREL for every PUBREC that it has sent: without one it would keep the packet id, and its share of the window, for ever.
        if (ack is { Kind: AckKind.PubRec, ReasonCode: < 0x80 } && stage is null)
            SendStray(ack.PacketId, PacketIdentifierNotFound);
    }

    /// <summary>A PUBREL that is only the answer to a PUBREC: no handshake waits for anything from it.</summary>
    private void SendStray(PacketId id, byte code = 0)
    {
        Sends.Add(new OutboundPacket(id, null, ReasonCode: code));
        _strayLeft = true;
    }

    private void Finish(Handshake handshake, PublishOutcome outcome, byte? code, string? text) =>
        Outputs.Completions.Add(new Completion(CompletionKind.Finished, handshake.Record)
        {
            Outcome = outcome,
            ReasonCode = IsMqtt5 || code >= 0x80 ? code : null,
            ReasonString = text,
            Attempts = handshake.Attempts,
            SentAt = handshake.SentOn > 0 ? handshake.SentAt : null,
        });

    /// <summary>Nothing behind it leaves before the ledger knows: a process that found it in flight would send it behind what it stands before.</summary>
    private void GiveUp(Handshake handshake, HandshakeEvent what, DeadLetterReason reason)
    {
        if (MustStep(handshake, what).Effect != HandshakeEffect.Store) return;
        handshake.Reason = reason;
        LetGo(handshake);
        _givenUp.Add(handshake);
    }
}
