using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Mqtt;

// The way in: one caller at a time, MqttClient's connect and then its receive loop.
internal sealed partial class SessionChannelAdapter
{
    private readonly Ack[] _acks = new Ack[1024];

    public async Task<MqttPacket?> ReceivePacketAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            MqttPacket? packet;
            try
            {
                if (IsOpen && IsDirect && await TakeAcksAsync(cancellationToken).ConfigureAwait(false)) continue;
                packet = await _inner.ReceivePacketAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                if (_end is not null) return null;
                End($"receiving failed: {e.Message}", e, cause: EndCause.Of(e) ?? LossCause.Link);
                throw;
            }

            if (packet is null && cancellationToken.IsCancellationRequested) End("closed by the client");
            else if (packet is null) End("closed by the broker", cause: LossCause.Peer);
            if (packet is null || _end is not null) return null;

            _keepAlive?.OnReceived();
            if (Take(packet) is { } forClient) return forClient;
        }
    }

    /// <summary>Takes the acks that stand next in what has been read, all at once. False when something else stands there, or nothing more comes.</summary>
    private async ValueTask<bool> TakeAcksAsync(CancellationToken cancellationToken)
    {
        if (!await _packets!.FillAsync(cancellationToken).ConfigureAwait(false)) return false;
        var count = 0;
        while (count < _acks.Length && _packets.TryTakeAck(IsMqtt5, out var ack)) _acks[count++] = ack;
        if (count == 0)
        {
            // What comes now is for MqttClient, whose code and that of the application must not keep the thread that reads.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            return false;
        }

        _keepAlive?.OnReceived();
        MadeProgress = true;
        TellAcks(_acks.AsSpan(0, count));
        return true;
    }

    private void TellAcks(ReadOnlySpan<Ack> acks)
    {
        try
        {
            lock (_gate)
            {
                if (_end is null) _settings.Sink.OnAcks(ConnectionId, acks);
            }
        }
        catch (Exception e)
        {
            EndAfterSinkFailure(nameof(IWireSink.OnAck), e);
        }
    }

    // Answers what is for MqttClient; null when the packet was ours.
    private MqttPacket? Take(MqttPacket packet)
    {
        if (packet is not (MqttConnAckPacket or MqttDisconnectPacket or MqttAuthPacket)) MadeProgress = true;
        switch (packet)
        {
            case MqttPubAckPacket ack:
                TakeAck(AckKind.PubAck, ack.PacketIdentifier, (byte)ack.ReasonCode, ack.ReasonString);
                return null;
            case MqttPubRecPacket ack:
                TakeAck(AckKind.PubRec, ack.PacketIdentifier, (byte)ack.ReasonCode, ack.ReasonString);
                return null;
            case MqttPubCompPacket ack:
                TakeAck(AckKind.PubComp, ack.PacketIdentifier, (byte)ack.ReasonCode, ack.ReasonString);
                return null;
            case MqttPingRespPacket:
                return _pings.Answer() ? packet : null;
            case MqttSubAckPacket ack:
                return MapBack(ack, ClientRequest.Subscribe);
            case MqttUnsubAckPacket ack:
                return MapBack(ack, ClientRequest.Unsubscribe);
            case MqttPublishPacket { QualityOfServiceLevel: MqttQualityOfServiceLevel.ExactlyOnce } publish:
                return TakePublish(publish);
            case MqttPubRelPacket release:
                _settings.IncomingIds.OnPubRel(release.PacketIdentifier);
                return packet;
            case MqttConnAckPacket connAck:
                return TakeConnAck(connAck);
            case MqttDisconnectPacket disconnect:
                TakeDisconnect(disconnect);
                return packet;
            default:
                return packet;
        }
    }

    private void TakeAck(AckKind kind, ushort packetId, byte reasonCode, string? reasonString)
    {
        // MqttClient publishes at QoS 0 only: what is not in our range answers nothing that was ever sent.
        if (packetId is < PacketId.Min or > PacketId.Max)
        {
            OnUnknown(kind.ToString(), packetId);
            return;
        }

        _packets?.CountAck();
        TellAcks([new Ack(kind, new PacketId(packetId), reasonCode, reasonString)]);
    }

    private MqttPacketWithIdentifier? MapBack(MqttPacketWithIdentifier answer, ClientRequest request)
    {
        if (_clientIds.TryReturn(answer.PacketIdentifier, request, out var clientId))
        {
            answer.PacketIdentifier = clientId;
            return answer;
        }

        OnUnknown(request == ClientRequest.Subscribe ? "SubAck" : "UnsubAck", answer.PacketIdentifier);
        return null;
    }

    private void OnUnknown(string packet, ushort packetId)
    {
        if (_unknownLines.TryPass(out var others)) Log.UnknownPacketId(_settings.Logger, packet, packetId, others);
    }

    private MqttPublishPacket? TakePublish(MqttPublishPacket publish)
    {
        switch (_settings.IncomingIds.OnPublish(publish.PacketIdentifier))
        {
            case IncomingVerdict.Deliver:
                return publish;
            case IncomingVerdict.AnswerPubRec:
                AnswerPubRec(publish.PacketIdentifier);
                return null;
            default:
                return null;
        }
    }

    // Not awaited: a stalled write must not hold up the acks behind the packet that is answered.
    private void AnswerPubRec(ushort packetId)
    {
        _settings.IncomingIds.OnPubRecSent(ConnectionId, packetId, 0);
        Background.Observe(SendAndFlushAsync(new MqttPubRecPacket { PacketIdentifier = packetId }));
    }

    private MqttConnAckPacket TakeConnAck(MqttConnAckPacket packet)
    {
        var protocol = PacketFormatterAdapter.ProtocolVersion;
        var code = ConnAckReader.CodeOf(packet, protocol);
        if (code != 0)
        {
            Refusal = new ConnectRefusal(code, packet.ReasonString);
            return packet;
        }

        var period = IsMqtt5 && packet.ServerKeepAlive > 0 ? TimeSpan.FromSeconds(packet.ServerKeepAlive) : _settings.KeepAlive;
        // MqttClient would begin to ping on a Server Keep Alive, but by its own period.
        packet.ServerKeepAlive = 0;
        GrantedSessionExpiry = packet.SessionExpiryInterval;
        ConnectedSince = _settings.Time.GetUtcNow();
        _settings.IncomingIds.OnConnected(ConnectionId, packet.IsSessionPresent, AnswerPubRec);

        var info = ConnAckReader.Read(packet, protocol, ConnectionId);
        if (!IsMqtt5) info = info with { ReceiveMaximum = _settings.ReceiveMaximumMqtt311 };
        try
        {
            lock (_gate)
            {
                if (_end is not null) return packet;
                _info = info;
                _settings.Sink.OnConnected(info);
                _ = Task.Run(WriteQueueAsync);
                if (period > TimeSpan.Zero) _keepAlive = new KeepAlive(_settings.Time, period, SendKeepAlivePing, () => End("no PINGRESP came", cause: LossCause.Link));
            }
        }
        catch (Exception e)
        {
            EndAfterSinkFailure(nameof(IWireSink.OnConnected), e);
        }

        return packet;
    }

    private void TakeDisconnect(MqttDisconnectPacket packet)
    {
        var code = (byte)packet.ReasonCode;
        var why = $"the broker disconnected: {ReasonCodes.Describe(code)}";
        if (!string.IsNullOrEmpty(packet.ReasonString)) why += $" ({packet.ReasonString})";
        End(why, code: IsMqtt5 ? code : null, cause: LossCause.Peer);
    }

    private void EndAfterSinkFailure(string what, Exception e)
    {
        // What the sink knows is uncertain now. On the next connection the handshakes are resumed.
        Log.SinkFailed(_settings.Logger, what, e);
        End($"the session failed on {what}", e);
    }
}
