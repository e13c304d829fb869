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
/// MqttClient leaves out. It is session state, so it outlives connections.
/// </summary>
internal sealed class IncomingQos2Ids
{
    private readonly object _gate = new();
    private readonly Dictionary<ushort, bool> _held = [];
    private int _connectionId;

    /// <summary>
    /// A connection begins. Without a session at the broker all is forgotten. With one, ids stay that the application is done with; the others are forgotten,
    /// because MqttClient drops a message with its connection, and a resend is the only way for it to be handled and acknowledged.
    /// </summary>
    public void OnConnected(int connectionId, bool sessionPresent)
    {
        lock (_gate)
        {
            _connectionId = connectionId;
            if (!sessionPresent)
            {
                _held.Clear();
                return;
            }

            foreach (var id in _held.Where(entry => !entry.Value).Select(entry => entry.Key).ToArray())
                _held.Remove(id);
        }
    }

    /// <summary>A PUBLISH with this id has come.</summary>
    public IncomingVerdict OnPublish(ushort packetId)
    {
        lock (_gate)
        {
            if (_held.TryAdd(packetId, false)) return IncomingVerdict.Deliver;
            return _held[packetId] ? IncomingVerdict.AnswerPubRec : IncomingVerdict.Swallow;
        }
    }

    /// <summary>
    /// A PUBREC is about to leave. One of 0x80 and above ends the exchange, and the id is free. A handler that finishes after its connection says
    /// nothing about the id any more: it may stand for another message by now.
    /// </summary>
    public void OnPubRecSent(int connectionId, ushort packetId, byte reasonCode)
    {
        lock (_gate)
        {
            if (connectionId != _connectionId || !_held.ContainsKey(packetId)) return;
            if (reasonCode >= 0x80) _held.Remove(packetId);
            else _held[packetId] = true;
        }
    }

    /// <summary>The application is done with it: should the connection end before its PUBREC leaves, the resend is not handed over again.</summary>
    public void OnHandled(int connectionId, ushort packetId) => OnPubRecSent(connectionId, packetId, 0);

    /// <summary>A PUBREL has come: the next PUBLISH with this id is a new message.</summary>
    public void OnPubRel(ushort packetId)
    {
        lock (_gate) _held.Remove(packetId);
    }
}
