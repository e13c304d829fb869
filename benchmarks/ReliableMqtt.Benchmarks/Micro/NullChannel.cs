using System.Buffers;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using MQTTnet.Channel;

namespace ReliableMqtt.Benchmarks.Micro;

/// <summary>A socket that swallows what it is given, and hands out the same bytes again and again.</summary>
internal sealed class NullChannel : IMqttChannel
{
    private int _at;

    /// <summary>What is read; nothing ever comes while it is empty.</summary>
    public byte[] Incoming { get; set; } = [];

    public X509Certificate2? ClientCertificate => null;

    public EndPoint? RemoteEndPoint => null;

    public EndPoint? LocalEndPoint => null;

    public bool IsSecureConnection => false;

    public Task ConnectAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task DisconnectAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        var length = Math.Min(count, Incoming.Length - _at);
        Incoming.AsSpan(_at, length).CopyTo(buffer.AsSpan(offset));
        _at = (_at + length) % Incoming.Length;
        return Task.FromResult(length);
    }

    public Task WriteAsync(ReadOnlySequence<byte> buffer, bool isEndOfPacket, CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
    }
}
