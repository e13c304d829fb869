using System.Collections.Concurrent;
using ReliableMqtt.Session;

namespace ReliableMqtt.IntegrationTests.Mqtt;

/// <summary>Writes down what the MQTT side tells, in order.</summary>
internal sealed class RecordingSink : IWireSink
{
    private volatile bool _cleanStart;

    public ConcurrentQueue<string> Calls { get; } = new();

    public ConcurrentQueue<ConnectionInfo> Connections { get; } = new();

    public ConcurrentQueue<Ack> Acks { get; } = new();

    public bool CleanStart { get => _cleanStart; set => _cleanStart = value; }

    public void OnConnected(ConnectionInfo connection)
    {
        Connections.Enqueue(connection);
        Calls.Enqueue($"connected {connection.ConnectionId}");
    }

    public void OnAck(int connectionId, in Ack ack)
    {
        Acks.Enqueue(ack);
        Calls.Enqueue($"ack {connectionId}");
    }

    public void OnAlive(int connectionId) => Calls.Enqueue($"alive {connectionId}");

    public void OnConnectionLost(int connectionId, ConnectionLoss loss) => Calls.Enqueue($"lost {connectionId}");
}
