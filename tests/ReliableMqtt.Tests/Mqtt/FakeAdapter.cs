using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using MQTTnet.Adapter;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using ReliableMqtt.Mqtt;

namespace ReliableMqtt.Tests.Mqtt;

/// <summary>Stands for MQTTnet's adapter and for the buffered channel below it.</summary>
internal sealed class FakeAdapter(MqttProtocolVersion protocol) : IMqttChannelAdapter, IFlushable
{
    private readonly Channel<MqttPacket?> _incoming = Channel.CreateUnbounded<MqttPacket?>();
    private readonly List<string> _log = [];
    private readonly List<MqttPacket> _sent = [];

    /// <summary>Fails the next packet of a kind.</summary>
    public Func<MqttPacket, Exception?> FailOn { get; set; } = _ => null;

    public Func<Task>? BeforeFlush { get; set; }

    public bool Disposed { get; private set; }

    public int PendingBytes => 0;

    public long BytesReceived => 0;

    public long BytesSent => 0;

    public X509Certificate2? ClientCertificate => null;

    public EndPoint? RemoteEndPoint => null;

    public EndPoint? LocalEndPoint => null;

    public bool IsSecureConnection => false;

    public MqttPacketFormatterAdapter PacketFormatterAdapter { get; } = new(protocol, new MqttBufferWriter(4096, 65535));

    /// <summary>What was sent, and when it was flushed: a packet's name, or "flush".</summary>
    public string[] Log
    {
        get
        {
            lock (_log) return [.. _log];
        }
    }

    public TPacket[] Sent<TPacket>() where TPacket : MqttPacket
    {
        lock (_log) return [.. _sent.OfType<TPacket>()];
    }

    public void Receive(MqttPacket? packet) => _incoming.Writer.TryWrite(packet);

    /// <summary>Reading fails.</summary>
    public void Fail(Exception error) => _incoming.Writer.TryComplete(error);

    public Task ConnectAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task DisconnectAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task<MqttPacket?> ReceivePacketAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _incoming.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException closed) when (closed.InnerException is not null)
        {
            throw closed.InnerException;
        }
    }

    public void ResetStatistics()
    {
    }

    public Task SendPacketAsync(MqttPacket packet, CancellationToken cancellationToken)
    {
        Assert.False(cancellationToken.CanBeCanceled);
        if (FailOn(packet) is { } failure) return Task.FromException(failure);
        lock (_log)
        {
            _sent.Add(packet);
            _log.Add(packet.GetType().Name["Mqtt".Length..^"Packet".Length]);
        }

        return Task.CompletedTask;
    }

    public async Task FlushAsync()
    {
        if (BeforeFlush is { } hook) await hook();
        lock (_log)
        {
            // Flushes with nothing to write are of no interest.
            if (_log.Count > 0 && _log[^1] != "flush") _log.Add("flush");
        }
    }

    public void Dispose()
    {
        Disposed = true;
        _incoming.Writer.TryComplete(new ObjectDisposedException(nameof(FakeAdapter)));
    }
}
