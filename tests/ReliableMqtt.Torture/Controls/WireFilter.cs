using ReliableMqtt.Session;

namespace ReliableMqtt.Torture.Controls;

/// <summary>Passes on what the session and its connection say to each other.</summary>
internal class WireFilter : IWireFilter, IWire, IWireSink
{
    private IWire _wire = null!;
    private IWireSink _sink = null!;

    public bool CleanStart => _sink.CleanStart;

    public IWireSink Incoming(IWireSink next)
    {
        _sink = next;
        return this;
    }

    public IWire Outgoing(IWire next)
    {
        _wire = next;
        return this;
    }

    public virtual void Send(int connectionId, ReadOnlySpan<OutboundPacket> packets) => _wire.Send(connectionId, packets);

    public void Probe(int connectionId) => _wire.Probe(connectionId);

    public void Recycle(int connectionId, RecycleReason reason) => _wire.Recycle(connectionId, reason);

    public virtual void OnConnected(ConnectionInfo connection) => _sink.OnConnected(connection);

    public virtual void OnAck(int connectionId, in Ack ack) => _sink.OnAck(connectionId, ack);

    public void OnAlive(int connectionId) => _sink.OnAlive(connectionId);

    public virtual void OnConnectionLost(int connectionId, ConnectionLoss loss) => _sink.OnConnectionLost(connectionId, loss);
}
