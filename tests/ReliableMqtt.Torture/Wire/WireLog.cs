using System.Diagnostics;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.Torture.Wire;

/// <summary>A packet, and when it came to the proxy in <see cref="Stopwatch"/> ticks.</summary>
internal readonly record struct TimedPacket(WirePacket Packet, long At);

/// <summary>Keeps what goes through a tap, with times, in the order in which it came.</summary>
internal sealed class WireLog
{
    private readonly Lock _lock = new();
    private readonly List<TimedPacket> _packets = [];

    /// <summary>Listens from now on.</summary>
    /// <param name="tap">To this.</param>
    /// <param name="shorten">What is kept of a packet; all of it when null.</param>
    public WireLog(WireTap tap, Func<WirePacket, WirePacket>? shorten = null) => tap.Seen += packet =>
    {
        var at = Stopwatch.GetTimestamp();
        if (shorten is not null) packet = shorten(packet);
        lock (_lock) _packets.Add(new TimedPacket(packet, at));
    };

    /// <summary>How many packets there are.</summary>
    public int Count
    {
        get { lock (_lock) return _packets.Count; }
    }

    /// <summary>All of them, from a place on.</summary>
    public IReadOnlyList<TimedPacket> From(int place = 0)
    {
        lock (_lock) return _packets[place..];
    }

    /// <summary>The first one from a place on that matches.</summary>
    public TimedPacket? First(int place, Func<WirePacket, bool> matches)
    {
        lock (_lock)
        {
            for (var i = place; i < _packets.Count; i++)
                if (matches(_packets[i].Packet)) return _packets[i];
            return null;
        }
    }
}
