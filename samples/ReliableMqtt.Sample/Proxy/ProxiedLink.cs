using System.Net.Sockets;

namespace ReliableMqtt.Sample.Proxy;

/// <summary>One connection through the proxy: how many bytes it has left in its two directions together, and how it will end.</summary>
internal sealed class ProxiedLink(int length, bool reset)
{
    private readonly Lock _lock = new();
    private long _left = length;
    private bool _isCut;

    /// <summary>After how many bytes it is to be cut.</summary>
    public int Length => length;

    /// <summary>True when it ends with a RST, which also throws away what is still on its way; false for a FIN.</summary>
    public bool Reset => reset;

    public bool IsSpent { get { lock (_lock) return _left <= 0; } }

    /// <summary>Takes bytes off what is left.</summary>
    /// <returns>How many of them may still pass.</returns>
    public int Take(int count)
    {
        lock (_lock)
        {
            var allowed = (int)Math.Clamp(_left, 0, count);
            _left -= count;
            return allowed;
        }
    }

    /// <summary>Cuts the link once, if the proxy may still cut; else it lives on without a limit.</summary>
    /// <returns>True when it is cut, now or already.</returns>
    public bool TryCut(Func<bool> mayCut)
    {
        lock (_lock)
        {
            if (_isCut) return true;
            _isCut = mayCut();
            if (!_isCut) _left = long.MaxValue;
            return _isCut;
        }
    }

    public void Close(Socket socket)
    {
        bool abort;
        lock (_lock) abort = _isCut && reset;
        try
        {
            if (abort) socket.LingerState = new LingerOption(true, 0);
            else if (socket.Connected) socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // It has ended by itself.
        }

        socket.Close();
    }
}
