using ReliableMqtt.Session;

namespace ReliableMqtt.Mqtt;

/// <summary>Hears of a connection that the session must not know of: the one that only wipes the broker's session.</summary>
internal sealed class NullWireSink : IWireSink
{
    public bool CleanStart => true;

    public void OnConnected(ConnectionInfo connection)
    {
    }

    public void OnAck(int connectionId, in Ack ack)
    {
    }

    public void OnAlive(int connectionId)
    {
    }

    public void OnConnectionLost(int connectionId, ConnectionLoss loss)
    {
    }
}
