using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Mqtt;

/// <summary>Writes down what it is told, and throws on request.</summary>
internal sealed class FakeSink : IWireSink
{
    private readonly List<string> _calls = [];

    public string? ThrowOn { get; set; }

    public Action<ConnectionInfo>? Connected { get; set; }

    public bool CleanStart => false;

    public string[] Calls
    {
        get
        {
            lock (_calls) return [.. _calls];
        }
    }

    public void OnConnected(ConnectionInfo connection)
    {
        Add("connected", $" {connection.ConnectionId}");
        Connected?.Invoke(connection);
    }

    public void OnAck(int connectionId, in Ack ack) => Add(ack.Kind.ToString(), $" {ack.PacketId} 0x{ack.ReasonCode:X2}");

    /// <summary>How the connection ended.</summary>
    public ConnectionLoss? Loss { get; private set; }

    public void OnAlive(int connectionId) => Add("alive", $" {connectionId}");

    public void OnConnectionLost(int connectionId, ConnectionLoss loss)
    {
        Loss = loss;
        Add("lost", $" {connectionId}");
    }

    private void Add(string kind, string detail)
    {
        lock (_calls) _calls.Add(kind + detail);
        if (ThrowOn == kind) throw new InvalidOperationException("the sink fails on purpose");
    }
}
