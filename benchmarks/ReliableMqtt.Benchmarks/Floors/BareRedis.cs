using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Wire;

namespace ReliableMqtt.Benchmarks.Floors;

/// <summary>Writes messages into a hash and does nothing else: prepared bytes, of which only the field is patched, as many at once as the window has places, and answers that are counted.</summary>
internal sealed class BareRedis : IDisposable
{
    private const string Key = "{bench-floor}:large";
    private const int Digits = 5;

    // ":0" or ":1", and the end of the line.
    private const int AnswerSize = 4;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 60_000 };
    private readonly PacketWriter _writer;
    private readonly byte[] _set;
    private readonly int _fieldAt;
    private readonly int _window;
    private readonly byte[] _answers = new byte[64 * 1024];

    public BareRedis(RedisServer redis, int window, int size)
    {
        var head = $"*4\r\n$4\r\nHSET\r\n${Key.Length}\r\n{Key}\r\n${Digits}\r\n";
        _set = [.. Encoding.ASCII.GetBytes($"{head}{0:D5}\r\n${size}\r\n"), .. new byte[size], .. "\r\n"u8];
        (_fieldAt, _window) = (head.Length, window);
        _socket.Connect(IPAddress.Loopback, redis.Port);
        _writer = new PacketWriter(_socket);
    }

    public void Write(int messages)
    {
        var (sent, bytes) = (0, 0L);
        while (bytes < (long)messages * AnswerSize)
        {
            for (; sent < messages && sent - (bytes / AnswerSize) < _window; sent++)
            {
                if (!(sent % _window).TryFormat(_set.AsSpan(_fieldAt, Digits), out _, "D5", CultureInfo.InvariantCulture)) throw new InvalidOperationException("The window is too large.");
                _writer.Add(_set);
            }

            _writer.Flush();
            var read = _socket.Receive(_answers);
            if (read == 0) throw new InvalidOperationException("Redis ended the connection.");
            if (_answers.AsSpan(0, read).ContainsAny((byte)'-', (byte)'+')) throw new InvalidOperationException($"Redis refuses: {Encoding.ASCII.GetString(_answers, 0, read)}");
            bytes += read;
        }
    }

    public void Dispose() => _socket.Dispose();
}
