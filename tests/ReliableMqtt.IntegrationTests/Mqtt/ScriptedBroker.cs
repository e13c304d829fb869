using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using MQTTnet.Adapter;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Formatter;
using MQTTnet.Implementations;
using MQTTnet.Packets;

namespace ReliableMqtt.IntegrationTests.Mqtt;

/// <summary>A peer that does what a test says: it can be mute, or lie. It answers CONNECT, and nothing else by itself.</summary>
internal sealed class ScriptedBroker : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<TcpClient> _sockets = [];
    private readonly Func<int, MqttConnAckPacket> _connAck;
    private readonly Func<MqttPacket, MqttPacket?> _answer;
    private readonly MqttProtocolVersion _protocol;
    private readonly Task _accepting;
    private int _connections;

    /// <param name="connAck">The answer to the n-th CONNECT.</param>
    /// <param name="answer">The answer to another packet, if any.</param>
    /// <param name="protocol">The version to speak.</param>
    public ScriptedBroker(
        Func<int, MqttConnAckPacket> connAck, Func<MqttPacket, MqttPacket?> answer, MqttProtocolVersion protocol = MqttProtocolVersion.V500)
    {
        _connAck = connAck;
        _answer = answer;
        _protocol = protocol;
        _listener.Start();
        _accepting = Task.Run(AcceptAsync);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>All that was received, with the number of its connection.</summary>
    public ConcurrentQueue<(int Connection, MqttPacket Packet)> Received { get; } = new();

    public ConcurrentDictionary<int, MqttChannelAdapter> Peers { get; } = new();

    public int Count<TPacket>(int? connection = null) => Received.Count(item => item.Packet is TPacket && (connection is null || item.Connection == connection));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        foreach (var socket in _sockets) socket.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptTcpClientAsync(_stop.Token);
                _sockets.Add(socket);
                serving.Add(ServeAsync(socket, ++_connections));
            }
        }
        catch (Exception e) when (_stop.IsCancellationRequested && e is OperationCanceledException or SocketException or InvalidOperationException)
        {
        }

        await Task.WhenAll(serving);
    }

    private async Task ServeAsync(TcpClient socket, int number)
    {
        using var adapter = new MqttChannelAdapter(
            new MqttTcpChannel(socket.GetStream(), null!, null!, null!),
            new MqttPacketFormatterAdapter(_protocol, new MqttBufferWriter(4096, 65535)), MqttNetNullLogger.Instance);
        Peers[number] = adapter;
        try
        {
            while (await adapter.ReceivePacketAsync(_stop.Token) is { } packet)
            {
                Received.Enqueue((number, packet));
                var answer = packet is MqttConnectPacket ? _connAck(number) : _answer(packet);
                if (answer is not null) await adapter.SendPacketAsync(answer, _stop.Token);
                if (packet is MqttDisconnectPacket) return;
            }
        }
        catch (Exception)
        {
            // The connection was cut, by one side or the other.
        }
    }
}
