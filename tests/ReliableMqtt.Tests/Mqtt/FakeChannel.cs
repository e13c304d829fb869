using System.Buffers;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using MQTTnet.Channel;

namespace ReliableMqtt.Tests.Mqtt;

/// <summary>A socket that hands out prepared bytes and writes down what it is given.</summary>
internal sealed class FakeChannel : IMqttChannel
{
    public Queue<byte[]> Incoming { get; } = new();

    public List<(byte[] Bytes, bool EndOfPacket, bool Cancellable)> Writes { get; } = [];

    public int Reads { get; private set; }

    public bool Disposed { get; private set; }

    public Func<Task>? BeforeWrite { get; set; }

    public X509Certificate2? ClientCertificate => null;

    public EndPoint? RemoteEndPoint => null;

    public EndPoint? LocalEndPoint => null;

    public bool IsSecureConnection => false;

    public Task ConnectAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task DisconnectAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        Reads++;
        if (!Incoming.TryDequeue(out var bytes)) return Task.FromResult(0);
        Assert.True(bytes.Length <= count);
        bytes.CopyTo(buffer, offset);
        return Task.FromResult(bytes.Length);
    }

    public async Task WriteAsync(ReadOnlySequence<byte> buffer, bool isEndOfPacket, CancellationToken cancellationToken)
    {
        var bytes = buffer.ToArray();
        if (BeforeWrite is { } hook) await hook();
        Writes.Add((bytes, isEndOfPacket, cancellationToken.CanBeCanceled));
    }

    public void Dispose() => Disposed = true;
}
