namespace ReliableMqtt.Mqtt;

/// <summary>What to do with a received PUBLISH of QoS 2.</summary>
internal enum IncomingVerdict
{
    /// <summary>It is new: hand it to the application.</summary>
    Deliver,

    /// <summary>The application has it and has not finished: its PUBREC will come.</summary>
    Swallow,

    /// <summary>The application is done with it, and its PUBREC was lost: send it again.</summary>
    AnswerPubRec,
}

/// <summary>
/// The packet ids of received QoS 2 messages that are held until PUBREL (MQTT 5 §4.3.3, method A): the part of a conforming receiver that
/// MqttClient leaves out. It is session state, so it outlives connections, and so may a handler of the application.
/// </summary>
internal sealed class IncomingQos2Ids
{
    private readonly object _gate = new();
    private readonly Dictionary<ushort, Held> _held = [];
    private Action<ushort>? _sendPubRec;
    private int _connectionId;

    /// <summary>
    /// A connection begins. Without a session at the broker all is forgotten. With one, ids stay that the application has or had in hand; the others are
    /// forgotten, because MqttClient drops a message with its connection, and a resend is the only way for it to be handled and acknowledged.
    /// </summary>
    /// <param name="connectionId">The connection.</param>
    /// <param name="sessionPresent">The broker has kept the session.</param>
    /// <param name="sendPubRec">Sends a PUBREC on it, without waiting; for a handler that outlived the connection it began on.</param>
    public void OnConnected(int connectionId, bool sessionPresent, Action<ushort>? sendPubRec = null)
    {
        lock (_gate)
        {
            (_connectionId, _sendPubRec) = (connectionId, sendPubRec);
            if (!sessionPresent)
            {
                _held.Clear();
                return;
            }

            foreach (var id in _held.Where(entry => entry.Value.State == HeldState.Queued).Select(entry => entry.Key).ToArray())
                _held.Remove(id);
        }
    }

    /// <summary>A PUBLISH with this id has come.</summary>
    public IncomingVerdict OnPublish(ushort packetId)
    {
        lock (_gate)
        {
            if (!_held.TryGetValue(packetId, out var held))
            {
                _held.Add(packetId, new Held(packetId));
                return IncomingVerdict.Deliver;
            }

            if (held.State == HeldState.Done) return IncomingVerdict.AnswerPubRec;
            held.RepeatWaits = true;
            return IncomingVerdict.Swallow;
        }
    }

    /// <summary>MqttClient hands a message to the application.</summary>
    /// <returns>What is to be told <see cref="EndHandling"/>; null when the message must not be handled: it was dropped with its connection, and will come again.</returns>
    public Held? BeginHandling(ushort packetId)
    {
        lock (_gate)
        {
            if (!_held.TryGetValue(packetId, out var held) || held.State != HeldState.Queued) return null;
            held.State = HeldState.Handling;
            return held;
        }
    }

    /// <summary>The application has returned.</summary>
    /// <param name="held">What <see cref="BeginHandling"/> gave.</param>
    /// <param name="done">It has handled the message, and MqttClient acknowledges it; else the broker must send it again.</param>
    public void EndHandling(Held held, bool done)
    {
        Action<ushort>? answer = null;
        lock (_gate)
        {
            if (!_held.TryGetValue(held.PacketId, out var current) || current != held) return;
            held.State = done ? HeldState.Done : HeldState.Queued;
            if (done && held.RepeatWaits) answer = _sendPubRec;
        }

        // The repeat came on a connection that MqttClient will not answer on.
        answer?.Invoke(held.PacketId);
    }

    /// <summary>
    /// A PUBREC is about to leave. One of 0x80 and above ends the exchange, and the id is free. A handler that finishes after its connection says
    /// nothing about the id any more: it may stand for another message by now.
    /// </summary>
    public void OnPubRecSent(int connectionId, ushort packetId, byte reasonCode)
    {
        lock (_gate)
        {
            if (connectionId != _connectionId || !_held.TryGetValue(packetId, out var held)) return;
            if (reasonCode >= 0x80) _held.Remove(packetId);
            else held.State = HeldState.Done;
        }
    }

    /// <summary>A PUBREL has come: the next PUBLISH with this id is a new message.</summary>
    public void OnPubRel(ushort packetId)
    {
        lock (_gate) _held.Remove(packetId);
    }

    internal enum HeldState
    {
        /// <summary>In MqttClient's queue, or left unacknowledged by the application.</summary>
        Queued,

        /// <summary>In the application's hand.</summary>
        Handling,

        /// <summary>Handled: every repeat is answered with PUBREC.</summary>
        Done,
    }

    internal sealed class Held(ushort packetId)
    {
        public ushort PacketId => packetId;

        public HeldState State { get; set; }

        /// <summary>The broker has sent it again meanwhile, and waits for an answer.</summary>
        public bool RepeatWaits { get; set; }
    }
}
