using ReliableMqtt.Session;

namespace ReliableMqtt.Torture.Controls;

/// <summary>A flaw: the session is told something else than the CONNACK says.</summary>
internal sealed class ConnectionFilter(Func<ConnectionInfo, ConnectionInfo> change) : WireFilter
{
    public override void OnConnected(ConnectionInfo connection) => base.OnConnected(change(connection));
}
