using System.Buffers;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using MQTTnet.Channel;
using MQTTnet.Exceptions;

namespace ReliableMqtt.Mqtt;

/// <summary>Something that keeps bytes back until it is told to let them go.</summary>
internal interface IFlushable
{
    /// <summary>How many bytes wait for a flush.</summary>
    int PendingBytes { get; }

    /// <summary>Hands everything written before the call to the socket. Cannot be cancelled: half a packet would corrupt the stream.</summary>
    Task FlushAsync();
}

/// <summary>
/// Coalesces the reads and writes of MQTTnet's adapter, which makes two reads for each acknowledgement and two writes for each publish:
/// that is most of the cost of a message. Written bytes leave with <see cref="FlushAsync"/>.
/// </summary>
internal sealed class BufferedChannel(IMqttChannel inner) : IMqttChannel, IFlushable
{
    /// <summary>What is longer is written without a copy.</summary>
    public const int DirectWriteThreshold = 64 * 1024;

    private const int ReadBufferSize = 32 * 1024;

    private readonly byte[] _read = new byte[ReadBufferSize];
    private readonly object _gate = new();
    private readonly SemaphoreSlim _writeLock = new(1, 1);
    private int _readStart;
    private int _readEnd;
    private byte[] _pending = new byte[8 * 1024];
    private byte[] _writing = new byte[8 * 1024];
    private int _pendingCount;
    private bool _pendingEndsPacket;
    private volatile bool _broken;

    public X509Certificate2? ClientCertificate => inner.ClientCertificate;

    public EndPoint? RemoteEndPoint => inner.RemoteEndPoint;

    public EndPoint? LocalEndPoint => inner.LocalEndPoint;

    public bool IsSecureConnection => inner.IsSecureConnection;

    public int PendingBytes => Volatile.Read(ref _pendingCount);

    public Task ConnectAsync(CancellationToken cancellationToken) => inner.ConnectAsync(cancellationToken);

    public Task DisconnectAsync(CancellationToken cancellationToken) => inner.DisconnectAsync(cancellationToken);

    public Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        if (_readStart < _readEnd)
            return Task.FromResult(TakeBuffered(buffer.AsSpan(offset, count)));
        return count >= ReadBufferSize
            ? inner.ReadAsync(buffer, offset, count, cancellationToken)
            : FillAndTakeAsync(buffer.AsMemory(offset, count), cancellationToken);
    }

    /// <summary>Appends to the buffer. The token is not looked at: the caller decides before the first byte whether a packet is sent.</summary>
    public Task WriteAsync(ReadOnlySequence<byte> buffer, bool isEndOfPacket, CancellationToken cancellationToken)
    {
        ThrowIfBroken();
        if (buffer.Length > DirectWriteThreshold) return WriteDirectAsync(buffer, isEndOfPacket);

        lock (_gate)
        {
            var needed = _pendingCount + (int)buffer.Length;
            if (needed > _pending.Length)
                Array.Resize(ref _pending, Math.Max(needed, _pending.Length * 2));
            buffer.CopyTo(_pending.AsSpan(_pendingCount));
            _pendingCount = needed;
            _pendingEndsPacket = isEndOfPacket;
        }

        return Task.CompletedTask;
    }

    public async Task FlushAsync()
    {
        await _writeLock.WaitAsync().ConfigureAwait(false);
        try
        {
            await WritePendingAsync().ConfigureAwait(false);
        }
        finally
        {
            _writeLock.Release();
        }
    }

    public void Dispose()
    {
        _broken = true;
        inner.Dispose();
    }

    private async Task WriteDirectAsync(ReadOnlySequence<byte> buffer, bool isEndOfPacket)
    {
        // MQTTnet's adapter writes one packet at a time, so nothing is appended while this waits: the order stays.
        await _writeLock.WaitAsync().ConfigureAwait(false);
        try
        {
            await WritePendingAsync().ConfigureAwait(false);
            await WriteInnerAsync(buffer, isEndOfPacket).ConfigureAwait(false);
        }
        finally
        {
            _writeLock.Release();
        }
    }

    // Holds the write lock. All that was appended goes out as one write, which over a web socket is one binary message.
    private async Task WritePendingAsync()
    {
        int count;
        bool endsPacket;
        lock (_gate)
        {
            count = _pendingCount;
            endsPacket = _pendingEndsPacket;
            (_pending, _writing) = (_writing, _pending);
            _pendingCount = 0;
        }

        if (count > 0)
            await WriteInnerAsync(new ReadOnlySequence<byte>(_writing, 0, count), endsPacket).ConfigureAwait(false);
        else
            ThrowIfBroken();
    }

    private async Task WriteInnerAsync(ReadOnlySequence<byte> bytes, bool endsPacket)
    {
        ThrowIfBroken();
        try
        {
            await inner.WriteAsync(bytes, endsPacket, CancellationToken.None).ConfigureAwait(false);
        }
        catch
        {
            // An unknown part of the bytes is out: whatever followed them would be read as garbage.
            _broken = true;
            throw;
        }
    }

    private async Task<int> FillAndTakeAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        var count = await inner.ReadAsync(_read, 0, _read.Length, cancellationToken).ConfigureAwait(false);
        _readStart = 0;
        _readEnd = Math.Max(count, 0);
        return TakeBuffered(destination.Span);
    }

    private int TakeBuffered(Span<byte> destination)
    {
        var count = Math.Min(destination.Length, _readEnd - _readStart);
        _read.AsSpan(_readStart, count).CopyTo(destination);
        _readStart += count;
        return count;
    }

    private void ThrowIfBroken()
    {
        if (_broken) throw new MqttCommunicationException("The connection is closed.");
    }
}
