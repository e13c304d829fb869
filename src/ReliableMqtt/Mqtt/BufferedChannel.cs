using System.Buffers;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using MQTTnet.Channel;
using MQTTnet.Exceptions;
using ReliableMqtt.Session;

namespace ReliableMqtt.Mqtt;

/// <summary>Something that keeps bytes back until it is told to let them go.</summary>
internal interface IFlushable
{
    /// <summary>How many bytes wait for a flush.</summary>
    int PendingBytes { get; }

    /// <summary>Hands everything written before the call to the socket. Cannot be cancelled: half a packet would corrupt the stream.</summary>
    Task FlushAsync();
}

/// <summary>A buffer into which whole packets can be written, and out of which acks can be taken, without a detour through MQTTnet's adapter.</summary>
internal interface IPacketBuffer : IFlushable
{
    /// <summary>Bytes that went past MQTTnet's adapter.</summary>
    long BytesAppended { get; }

    /// <inheritdoc cref="BytesAppended" />
    long BytesTaken { get; }

    /// <summary>Appends a packet; it leaves with the next flush, between the packets of MQTTnet's adapter.</summary>
    void Append(in OutboundPacket packet, bool mqtt5);

    /// <summary>Takes an ack that has been read, when it stands next. Only between two packets of MQTTnet's adapter.</summary>
    bool TryTakeAck(bool mqtt5, out Ack ack);

    /// <summary>Counts an ack that came through MQTTnet's adapter.</summary>
    void CountAck();

    /// <summary>Reads when nothing that was read is left. What awaits it may go on with the thread that reads, and must not run code of others there.</summary>
    /// <returns>False when the peer has closed.</returns>
    ValueTask<bool> FillAsync(CancellationToken cancellationToken);
}

/// <summary>
/// Coalesces the reads and writes of MQTTnet's adapter, which makes two reads for each acknowledgement and two writes for each publish:
/// that is most of the cost of a message. Written bytes leave with <see cref="FlushAsync"/>.
/// </summary>
internal sealed partial class BufferedChannel(IMqttChannel inner) : IMqttChannel, IPacketBuffer
{
    /// <summary>What is longer is written without a copy.</summary>
    public const int DirectWriteThreshold = 64 * 1024;

    private const int ReadBufferSize = 32 * 1024;

    private readonly byte[] _read = new byte[ReadBufferSize];
    private readonly object _gate = new();
    private readonly SemaphoreSlim _writeLock = new(1, 1);
    private int _readStart;
    private int _readEnd;
    private ByteBuffer _pending = new();
    private ByteBuffer _writing = new();
    private bool _pendingEndsPacket;
    private volatile bool _broken;

    public X509Certificate2? ClientCertificate => inner.ClientCertificate;

    public EndPoint? RemoteEndPoint => inner.RemoteEndPoint;

    public EndPoint? LocalEndPoint => inner.LocalEndPoint;

    public bool IsSecureConnection => inner.IsSecureConnection;

    public int PendingBytes
    {
        get { lock (_gate) return _pending.Count + _held.Count; }
    }

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
            buffer.CopyTo(_pending.Take((int)buffer.Length));
            EndPart(isEndOfPacket);
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
        // MQTTnet's adapter writes one packet at a time, and ours are held until this one is complete: the order stays.
        lock (_gate) _isWithinPacket = true;
        await _writeLock.WaitAsync().ConfigureAwait(false);
        try
        {
            await WritePendingAsync().ConfigureAwait(false);
            await WriteInnerAsync(buffer, isEndOfPacket).ConfigureAwait(false);
            lock (_gate) EndPart(isEndOfPacket);
        }
        finally
        {
            _writeLock.Release();
        }
    }

    // Holds the write lock. All that was appended goes out as one write, which over a web socket is one binary message.
    private async Task WritePendingAsync()
    {
        bool endsPacket;
        lock (_gate)
        {
            endsPacket = _pendingEndsPacket;
            (_pending, _writing) = (_writing, _pending);
        }

        if (_writing.Count > 0)
        {
            await WriteInnerAsync(new ReadOnlySequence<byte>(_writing.Written), endsPacket).ConfigureAwait(false);
            _writing.Clear();
        }
        else ThrowIfBroken();
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
