using System.Threading.Channels;
using MQTTnet.Exceptions;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Mqtt;

// The way out for MqttClient's packets, each with its flush, and for those of the session while somebody inspects packets: through MQTTnet's adapter.
internal sealed partial class SessionChannelAdapter
{
    // Held while a packet takes its place in the inner adapter's first-in-first-out lock.
    private readonly object _sendGate = new();
    private readonly Channel<Queued> _queue = Channel.CreateUnbounded<Queued>(new UnboundedChannelOptions { SingleReader = true });
    private volatile bool _disconnectSent;
    private volatile bool _othersLeft;
    /// <summary>Packets of the session that wait in the queue.</summary>
    private int _queued;

    private readonly record struct Queued(OutboundPacket Packet, TaskCompletionSource<bool>? Flushed);

    /// <summary>Queues packets of the session. They vanish when the connection is not open, or ends before they leave.</summary>
    public void Send(ReadOnlySpan<OutboundPacket> packets)
    {
        if (!IsOpen) return;
        if (IsDirect)
        {
            SendDirect(packets);
            return;
        }

        foreach (ref readonly var packet in packets)
            if (_queue.Writer.TryWrite(new Queued(packet, null))) Interlocked.Increment(ref _queued);
    }

    /// <summary>Sends a message of QoS 0.</summary>
    /// <returns>True when its bytes were handed to the socket; false when the connection was not open or ended before.</returns>
    public Task<bool> SendAtMostOnceAsync(LedgerRecord record, uint? expirySeconds)
    {
        if (IsDirect) return SendDirectAsync(new OutboundPacket(default, record, ExpirySeconds: expirySeconds));
        var flushed = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var queued = new Queued(new OutboundPacket(default, record, ExpirySeconds: expirySeconds), flushed);
        return IsOpen && _queue.Writer.TryWrite(queued) ? flushed.Task : Task.FromResult(false);
    }

    /// <summary>Pings the broker.</summary>
    /// <returns>False when the PINGRESP did not come in time, or the connection ended.</returns>
    public async Task<bool> PingAsync(TimeSpan timeout)
    {
        var answer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        Background.Observe(SendAndFlushAsync(MqttPingReqPacket.Instance, alive => answer.TrySetResult(alive)));
        try
        {
            return await answer.Task.WaitAsync(timeout, _settings.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>As <see cref="PingAsync"/>. What the application has sent before is through when it is answered.</summary>
    public Task<bool> ProbeAsync(TimeSpan timeout)
    {
        lock (_sendGate) _othersLeft = false;
        return PingAsync(timeout);
    }

    /// <summary>A packet of MqttClient. The token ends the wait, never the write: a cancelled half packet would corrupt the stream.</summary>
    public async Task SendPacketAsync(MqttPacket packet, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var sent = SendAndFlushAsync(Prepare(packet));
        if (!sent.IsCompleted) Background.Observe(sent);
        await sent.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (packet is MqttDisconnectPacket) await WaitForPeerCloseAsync().ConfigureAwait(false);
    }

    private MqttPacket Prepare(MqttPacket packet)
    {
        switch (packet)
        {
            case MqttConnectPacket connect:
                // MqttClient runs with a period of zero, because the pings are sent here; the broker is told the real one.
                connect.KeepAlivePeriod = (ushort)Math.Clamp(Math.Ceiling(_settings.KeepAlive.TotalSeconds), 0, ushort.MaxValue);
                return connect;
            case MqttSubscribePacket subscribe:
                return new MqttSubscribePacket
                {
                    PacketIdentifier = _clientIds.Take(subscribe.PacketIdentifier, ClientRequest.Subscribe),
                    SubscriptionIdentifier = subscribe.SubscriptionIdentifier,
                    TopicFilters = subscribe.TopicFilters,
                    UserProperties = subscribe.UserProperties,
                };
            case MqttUnsubscribePacket unsubscribe:
                return new MqttUnsubscribePacket
                {
                    PacketIdentifier = _clientIds.Take(unsubscribe.PacketIdentifier, ClientRequest.Unsubscribe),
                    TopicFilters = unsubscribe.TopicFilters,
                    UserProperties = unsubscribe.UserProperties,
                };
            case MqttPubRecPacket received:
                _settings.IncomingIds.OnPubRecSent(ConnectionId, received.PacketIdentifier, (byte)received.ReasonCode);
                return received;
            case MqttPublishPacket { QualityOfServiceLevel: > MqttQualityOfServiceLevel.AtMostOnce }:
                throw new InvalidOperationException("A publish of QoS 1 or 2 must go through the ledger.");
            default:
                return packet;
        }
    }

    private async Task SendAndFlushAsync(MqttPacket packet, Action<bool>? onPong = null)
    {
        try
        {
            await SendInOrder(packet, onPong).ConfigureAwait(false);
            await FlushAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            FailSend(packet.GetType().Name, e);
            throw;
        }
    }

    private Task SendInOrder(MqttPacket packet, Action<bool>? onPong = null)
    {
        lock (_sendGate)
        {
            if (_disconnectSent || _end is not null) throw new MqttCommunicationException("The connection is closed.");
            if (packet is MqttDisconnectPacket) _disconnectSent = true;
            if (packet is MqttPingReqPacket) _pings.Add(onPong);
            if (packet is MqttSubscribePacket or MqttUnsubscribePacket or MqttAuthPacket or MqttPublishPacket { QualityOfServiceLevel: MqttQualityOfServiceLevel.AtMostOnce })
                _othersLeft = true;
            return _inner.SendPacketAsync(packet, CancellationToken.None);
        }
    }

    private async Task FlushAsync()
    {
        await _channel.FlushAsync().ConfigureAwait(false);
        _keepAlive?.OnSent();
    }

    private void FailSend(string packet, Exception e, bool isLedgered = false)
    {
        if (_end is not null || _disconnectSent) return;

        // Not a matter of the network: the packet does not fit the protocol. MQTTnet's encoder keeps the properties of a packet that it failed on
        // and would add them to the next one, so nothing more may be sent here.
        var cause = EndCause.Of(e);
        if (cause is null) Log.EncodeFailed(_settings.Logger, packet, e);
        End($"sending failed: {e.Message}", e, cause: cause ?? (isLedgered ? LossCause.Encoding : LossCause.Local));
    }

    private async Task WriteQueueAsync()
    {
        var mqtt5 = IsMqtt5;
        var unflushed = new List<TaskCompletionSource<bool>>();
        try
        {
            while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
            {
                while (_end is null && _queue.Reader.TryRead(out var queued))
                {
                    if (queued.Flushed is not null) unflushed.Add(queued.Flushed);
                    else Interlocked.Decrement(ref _queued);
                    await SendQueuedAsync(queued, mqtt5).ConfigureAwait(false);
                    if (_channel.PendingBytes >= BufferedChannel.DirectWriteThreshold) await FlushQueuedAsync(unflushed).ConfigureAwait(false);
                }

                if (_end is not null) break;
                await FlushQueuedAsync(unflushed).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            if (!_disconnectSent) End($"sending failed: {e.Message}", e, cause: EndCause.Of(e) ?? LossCause.Local);
        }

        // After the end, or after our DISCONNECT: nothing more leaves, and nobody is left waiting.
        _queue.Writer.TryComplete();
        foreach (var waiter in unflushed) waiter.TrySetResult(false);
        while (_queue.Reader.TryRead(out var left)) left.Flushed?.TrySetResult(false);
    }

    private async Task SendQueuedAsync(Queued queued, bool mqtt5)
    {
        var packet = queued.Flushed is null
            ? OutgoingPackets.Create(queued.Packet, mqtt5)
            : OutgoingPackets.CreateAtMostOnce(queued.Packet.Record!, queued.Packet.ExpirySeconds, mqtt5);
        try
        {
            await SendInOrder(packet).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            if (_end is null && !_disconnectSent) queued.Flushed?.TrySetException(e);
            FailSend(packet.GetType().Name, e, isLedgered: queued.Flushed is null);
            throw;
        }
    }

    private async Task FlushQueuedAsync(List<TaskCompletionSource<bool>> waiters)
    {
        await FlushAsync().ConfigureAwait(false);
        foreach (var waiter in waiters) waiter.TrySetResult(true);
        waiters.Clear();
    }

    private void SendKeepAlivePing() =>
        Background.Observe(SendAndFlushAsync(MqttPingReqPacket.Instance, alive => { if (alive) _keepAlive?.OnPong(); }));

    // MQTTnet's socket discards on close what was not sent yet: without this wait the broker would often miss the DISCONNECT.
    private async Task WaitForPeerCloseAsync()
    {
        try
        {
            await Ended.WaitAsync(CloseWait, _settings.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
        }
    }
}
