using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using MQTTnet.Adapter;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Formatter;
using MQTTnet.Protocol;
using ReliableMqtt.Benchmarks.Wire;
using ReliableMqtt.Messages;
using ReliableMqtt.Mqtt;
using ReliableMqtt.Session;

namespace ReliableMqtt.Benchmarks.Micro;

/// <summary>A window of PUBLISHes to a socket that swallows them, and one of PUBACKs from a socket. Figures are for one message.</summary>
public class AdapterBenchmarks : IDisposable
{
    private static readonly byte[] ConnAck = [0x20, 3, 0, 0, 0];

    private readonly OutboundPacket[] _packets =
        [.. Enumerable.Range(0, Messages.Window).Select(i => new OutboundPacket(Messages.PacketIdOf(i), Messages.Record(MqttQualityOfServiceLevel.AtLeastOnce, i + 1, MessageId.ForSequence(7, i + 1))))];

    private readonly LedgerRecord _last = Messages.Record(MqttQualityOfServiceLevel.AtMostOnce);
    private readonly NullChannel _socket = new();
    private SessionChannelAdapter? _adapter;

    /// <summary>Through MQTTnet's adapter, as packets go while somebody inspects them.</summary>
    [Params(false, true)]
    public bool Inspected { get; set; }

    [GlobalSetup]
    public async Task Connect()
    {
        var channel = new BufferedChannel(_socket);
        var inner = new MqttChannelAdapter(
            channel, new MqttPacketFormatterAdapter(MqttProtocolVersion.V500, new MqttBufferWriter(4096, 65535)), MqttNetNullLogger.Instance);
        _adapter = new SessionChannelAdapter(
            inner, channel, new AdapterSettings(1, new NullSink(), new IncomingQos2Ids(), TimeSpan.Zero, TimeProvider.System, NullLogger.Instance)
            {
                IsInspected = () => Inspected,
            });
        _socket.Incoming = ConnAck;
        await _adapter.ReceivePacketAsync(CancellationToken.None);
        // Acks are the adapter's own; the PUBLISH behind them is for the client, and so ends the call.
        var acks = Enumerable.Range(0, Messages.Window).SelectMany(i => (byte[])[0x40, 2, (byte)(Messages.PacketIdOf(i).Value >> 8), (byte)Messages.PacketIdOf(i).Value]);
        _socket.Incoming = [.. acks, .. PreparedPackets.Publish("t", 1, 0).Bytes];
    }

    /// <summary>What is sent behind them, at QoS 0, tells when all have left.</summary>
    [Benchmark(OperationsPerInvoke = Messages.Window)]
    public Task<bool> Send()
    {
        _adapter!.Send(_packets);
        return _adapter.SendAtMostOnceAsync(_last, expirySeconds: null);
    }

    [Benchmark(OperationsPerInvoke = Messages.Window)]
    public Task Receive() => _adapter!.ReceivePacketAsync(CancellationToken.None);

    [GlobalCleanup]
    public void Dispose()
    {
        _adapter?.Dispose();
        _socket.Dispose();
        GC.SuppressFinalize(this);
    }

    private sealed class NullSink : IWireSink
    {
        public bool CleanStart => false;

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
}
