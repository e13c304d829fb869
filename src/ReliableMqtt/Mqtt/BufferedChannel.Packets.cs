using System.Buffers.Binary;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Mqtt;

// The way of the session's own packets: a PUBLISH or PUBREL is written where it leaves from, an ack is read where it lies.
internal sealed partial class BufferedChannel
{
    private readonly ByteBuffer _held = new();
    private bool _isWithinPacket;
    private long _appended;
    private long _taken;
    private long _asksForAck;
    private long _acksTaken;
    private long _acksAtFill;

    public long BytesAppended => Volatile.Read(ref _appended);

    public long BytesTaken => Volatile.Read(ref _taken);

    public void Append(in OutboundPacket packet, bool mqtt5)
    {
        ThrowIfBroken();
        var size = PacketWriter.Measure(packet, mqtt5);
        lock (_gate)
        {
            // Between the two halves of another packet there is no place for this one.
            var buffer = _isWithinPacket ? _held : _pending;
            var before = buffer.Count;
            try
            {
                PacketWriter.Write(packet, mqtt5, buffer.Take(size));
            }
            catch
            {
                buffer.CutTo(before);
                throw;
            }

            if (!_isWithinPacket) _pendingEndsPacket = true;
            _appended += size;
            if (packet.Record is not { QualityOfService: MqttQualityOfServiceLevel.AtMostOnce }) _asksForAck++;
        }
    }

    // Holds the gate.
    private void EndPart(bool isEndOfPacket)
    {
        _pendingEndsPacket = isEndOfPacket;
        _isWithinPacket = !isEndOfPacket;
        if (!isEndOfPacket || _held.Count == 0) return;
        _held.Written.Span.CopyTo(_pending.Take(_held.Count));
        _held.Clear();
    }

    /// <remarks>What is not the plain form of a PUBACK, PUBREC or PUBCOMP (a reason string, a half packet, an error) is left to MQTTnet's decoder.</remarks>
    public bool TryTakeAck(bool mqtt5, out Ack ack)
    {
        ack = default;
        var bytes = _read.AsSpan(_readStart, _readEnd - _readStart);
        if (bytes.Length < 4 || bytes[1] < 2 || bytes[1] > (mqtt5 ? 4 : 2) || bytes.Length < 2 + bytes[1]) return false;
        AckKind kind;
        switch (bytes[0])
        {
            case 0x40:
                kind = AckKind.PubAck;
                break;
            case 0x50:
                kind = AckKind.PubRec;
                break;
            case 0x70:
                kind = AckKind.PubComp;
                break;
            default:
                return false;
        }

        var packetId = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (packetId is < PacketId.Min or > PacketId.Max || (bytes[1] == 4 && bytes[5] != 0)) return false;
        ack = new Ack(kind, new PacketId(packetId), bytes[1] > 2 ? bytes[4] : (byte)0);
        _readStart += 2 + bytes[1];
        _taken += 2 + bytes[1];
        _acksTaken++;
        return true;
    }

    public void CountAck() => _acksTaken++;

    public async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_readStart < _readEnd) return true;
        var count = inner is IPacedChannel paced
            ? await ReadPacedAsync(paced, cancellationToken).ConfigureAwait(false)
            : await inner.ReadAsync(_read, 0, _read.Length, cancellationToken).ConfigureAwait(false);
        _readStart = 0;
        _readEnd = Math.Max(count, 0);
        return count > 0;
    }

    private Task<int> ReadPacedAsync(IPacedChannel paced, CancellationToken cancellationToken)
    {
        var taken = (int)(_acksTaken - _acksAtFill);
        _acksAtFill = _acksTaken;
        return paced.ReadInlineAsync(_read, taken, (int)(Volatile.Read(ref _asksForAck) - _acksTaken), cancellationToken);
    }
}
