using MQTTnet.Protocol;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>Sees every control packet that goes through one or several <see cref="CuttingProxy"/>, and can stop, withhold or answer some.</summary>
/// <param name="keeps">False: packets are only told to <see cref="Seen"/>, for runs that are too long to be kept.</param>
public sealed class WireTap(bool keeps = true)
{
    private readonly object _gate = new();
    private readonly List<WirePacket> _packets = [];
    private readonly List<TapRule> _rules = [];
    private int _connections;

    /// <summary>Told of every packet, one at a time, in the order in which they came to the proxies. Must be quick.</summary>
    public event Action<WirePacket>? Seen;

    /// <summary>All packets so far, in the order in which they came to the proxy.</summary>
    public IReadOnlyList<WirePacket> Packets
    {
        get { lock (_gate) return [.. _packets]; }
    }

    /// <summary>The packets of a type in a direction so far.</summary>
    public IReadOnlyList<WirePacket> Of(MqttControlPacketType type, Direction direction) =>
        [.. Packets.Where(packet => packet.Type == type && packet.Direction == direction)];

    /// <summary>From now on, does this with the packets that match, at most so many times. Of several rules the first that matches counts.</summary>
    public TapRule On(Func<WirePacket, bool> matches, TapAction action, int times = 1)
    {
        var rule = new TapRule(matches, action, times);
        lock (_gate) _rules.Add(rule);
        return rule;
    }

    /// <summary>From now on, does this with the packets of a type, in whichever direction, at most so many times.</summary>
    public TapRule On(MqttControlPacketType type, TapAction action, int times = 1) => On(packet => packet.Type == type, action, times);

    /// <summary>From now on lets everything pass.</summary>
    public void Clear()
    {
        lock (_gate) _rules.Clear();
    }

    /// <summary>Waits for a packet, also one that has come already.</summary>
    public async Task<WirePacket> SeesAsync(Func<WirePacket, bool> matches, string what, TimeSpan? deadline = null)
    {
        await Eventually.Async(() => Packets.Any(matches), () => $"{what} on the wire, where there was:\n{this}", deadline);
        return Packets.First(matches);
    }

    /// <summary>The packets, one a line, for the message of a failure.</summary>
    public override string ToString() => string.Join('\n', Packets);

    /// <summary>The number of a connection that has come.</summary>
    internal int NextConnection() => Interlocked.Increment(ref _connections);

    /// <summary>Writes the packet down, and tells what is to be done with it. One that is withheld is written down again when it goes on.</summary>
    internal TapAction Decide(WirePacket packet, string? via, Func<Task> forward)
    {
        lock (_gate)
        {
            var seen = packet with { Via = via };
            var action = _rules.Find(rule => rule.TryTake(packet, forward))?.Action ?? TapAction.Forward;
            Record(seen with { Passed = action.LetsPass });
            return action;
        }
    }

    /// <summary>Writes down a packet that goes on past the rules: it was withheld, or the proxy has made it.</summary>
    internal void Record(WirePacket packet)
    {
        lock (_gate)
        {
            if (keeps) _packets.Add(packet);
            Seen?.Invoke(packet);
        }
    }
}
