using System.Buffers.Binary;
using System.Net.Sockets;
using ReliableMqtt.Benchmarks.Wire;

namespace ReliableMqtt.Benchmarks.Brokers.Null;

/// <summary>
/// Answers all packets of one connection. What a large read has brought is answered with one write; payloads are stepped over, in parts when they
/// are not all there yet; nothing is allocated for a packet.
/// </summary>
internal sealed class NullConnection(Socket socket, ushort receiveMaximum, long confirms)
{
    private const int BufferSize = 256 * 1024;

    private readonly byte[] _read = new byte[BufferSize];
    private readonly PacketWriter _answers = new(socket);
    private int _start;
    private int _end;
    private int _skip;
    private (PacketType Type, ushort PacketId)? _whenSkipped;
    private long _confirms = confirms;
    private bool _isMqtt5;

    public void Run()
    {
        while (true)
        {
            var count = socket.Receive(_read, _end, _read.Length - _end, SocketFlags.None);
            if (count == 0) return;
            _end += count;
            while (Next(out var goOn))
                if (!goOn) return;
            _answers.Flush();
            if (_start == _end)
            {
                _start = _end = 0;
            }
            else if (_start > 0)
            {
                // The beginning of a packet: a few bytes.
                Buffer.BlockCopy(_read, _start, _read, 0, _end - _start);
                (_start, _end) = (0, _end - _start);
            }
        }
    }

    /// <summary>Takes one packet. False when it is not all there, as far as it is looked at.</summary>
    private bool Next(out bool goOn)
    {
        goOn = true;
        if (_skip > 0)
        {
            var skipped = Math.Min(_skip, _end - _start);
            _start += skipped;
            _skip -= skipped;
            if (_skip > 0) return false;
            Confirm();
        }

        var bytes = _read.AsSpan(_start, _end - _start);
        if (!MqttFrame.TryRead(bytes, out var frame)) return false;
        var body = bytes[frame.HeaderLength..];
        if (frame.Type != PacketType.Publish && body.Length < frame.BodyLength) return false;
        if (frame.Type == PacketType.Publish && !TryPublish(frame, body)) return false;
        if (frame.Type != PacketType.Publish) goOn = Answer(frame, body[..frame.BodyLength]);
        var length = frame.HeaderLength + frame.BodyLength;
        var taken = Math.Min(length, bytes.Length);
        _start += taken;
        _skip = length - taken;
        if (_skip == 0) Confirm();
        return true;
    }

    private bool TryPublish(in MqttFrame frame, ReadOnlySpan<byte> body)
    {
        var qos = (frame.Flags >> 1) & 3;
        if (qos == 0) return true;
        if (body.Length < 2) return false;
        var topic = 2 + BinaryPrimitives.ReadUInt16BigEndian(body);
        if (body.Length < topic + 2) return false;
        if (_confirms-- > 0) _whenSkipped = (qos == 1 ? PacketType.PubAck : PacketType.PubRec, BinaryPrimitives.ReadUInt16BigEndian(body[topic..]));
        return true;
    }

    /// <summary>Not before all of a message is there: it is what brokers do, and then the answer acknowledges the bytes to the client's TCP as well.</summary>
    private void Confirm()
    {
        if (_whenSkipped is { } answer) _answers.Add(answer.Type, answer.PacketId);
        _whenSkipped = null;
    }

    private bool Answer(in MqttFrame frame, ReadOnlySpan<byte> body)
    {
        switch (frame.Type)
        {
            case PacketType.Connect:
                _isMqtt5 = body[6] == 5;
                _answers.Add(ConnAck());
                return true;
            case PacketType.PubRel:
                _answers.Add(PacketType.PubComp, BinaryPrimitives.ReadUInt16BigEndian(body));
                return true;
            case PacketType.Subscribe:
                // One filter is what is answered: more are not asked for here.
                _answers.Add(_isMqtt5 ? [0x90, 4, body[0], body[1], 0, 0] : [0x90, 3, body[0], body[1], 0]);
                return true;
            case PacketType.PingReq:
                _answers.Add([0xD0, 0]);
                return true;
            case PacketType.Disconnect:
                return false;
            default:
                throw new InvalidDataException($"A null broker knows nothing of {frame.Type}.");
        }
    }

    /// <summary>Success, Session Present 0; Receive Maximum (property 0x21) unless it is what absence means.</summary>
    private byte[] ConnAck() => (_isMqtt5, receiveMaximum) switch
    {
        (false, _) => [0x20, 2, 0, 0],
        (true, ushort.MaxValue) => [0x20, 3, 0, 0, 0],
        _ => [0x20, 6, 0, 0, 3, 0x21, (byte)(receiveMaximum >> 8), (byte)receiveMaximum],
    };
}
