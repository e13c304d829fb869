using ReliableMqtt.Messages;

namespace ReliableMqtt.Mqtt;

/// <summary>The two requests of MqttClient that take a packet id.</summary>
internal enum ClientRequest { Subscribe, Unsubscribe }

/// <summary>
/// Moves the packet ids that MqttClient picks for SUBSCRIBE and UNSUBSCRIBE out of the range of ledgered publishes, since all share one number
/// space (MQTT 5 §2.2.1). One map for each connection: these requests are not part of the session. An id whose answer never comes stays
/// taken until the connection ends.
/// </summary>
internal sealed class ClientPacketIdMap
{
    /// <summary>The lowest id on the wire of a client's request.</summary>
    public const ushort First = PacketId.Max + 1;

    private const int Count = ushort.MaxValue - First + 1;

    private readonly object _gate = new();
    private readonly Dictionary<ushort, (ushort ClientId, ClientRequest Request)> _inUse = [];
    private int _next;

    /// <summary>Takes a free id for the wire.</summary>
    /// <exception cref="InvalidOperationException">All 4,096 are waiting for their answer.</exception>
    public ushort Take(ushort clientId, ClientRequest request)
    {
        lock (_gate)
        {
            if (_inUse.Count == Count)
                throw new InvalidOperationException($"{Count} SUBSCRIBE and UNSUBSCRIBE requests of this connection have no answer yet; there is no packet id left.");
            ushort wireId;
            do
            {
                wireId = (ushort)(First + _next);
                _next = (_next + 1) % Count;
            }
            while (!_inUse.TryAdd(wireId, (clientId, request)));
            return wireId;
        }
    }

    /// <summary>Gives the id back on its answer, and says which id MqttClient knows the request by.</summary>
    public bool TryReturn(ushort wireId, ClientRequest request, out ushort clientId)
    {
        lock (_gate)
        {
            clientId = 0;
            if (!_inUse.TryGetValue(wireId, out var entry) || entry.Request != request) return false;
            clientId = entry.ClientId;
            return _inUse.Remove(wireId);
        }
    }
}
