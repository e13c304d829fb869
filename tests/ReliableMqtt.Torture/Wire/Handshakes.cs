using System.Globalization;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.Torture.Wire;

/// <summary>A PUBLISH of a message on the wire.</summary>
/// <param name="At">When, in <see cref="System.Diagnostics.Stopwatch"/> ticks.</param>
/// <param name="Connection">On which connection.</param>
/// <param name="Began">When that connection began.</param>
internal readonly record struct Sending(long At, int Connection, long Began);

/// <summary>What a recorded wire says of each message, by its number: when it was sent, and when the broker's last word on it passed.</summary>
internal sealed class Handshakes
{
    private readonly Dictionary<long, List<Sending>> _sendings = [];
    private readonly Dictionary<long, List<long>> _ends = [];
    private readonly Dictionary<ushort, long> _numbers = [];
    private readonly Dictionary<int, long> _began = [];

    private Handshakes()
    {
    }

    /// <summary>Reads a record of one session, in order.</summary>
    public static Handshakes Read(IEnumerable<TimedPacket> packets)
    {
        var read = new Handshakes();
        foreach (var (packet, at) in packets) read.Take(packet, at);
        return read;
    }

    /// <summary>All PUBLISHes of a message, in order.</summary>
    public IReadOnlyList<Sending> SendingsOf(long number) => _sendings.TryGetValue(number, out var sendings) ? sendings : [];

    /// <summary>When PUBACKs or PUBCOMPs of a message passed to the publisher, in order.</summary>
    public IReadOnlyList<long> EndsOf(long number) => _ends.TryGetValue(number, out var ends) ? ends : [];

    /// <summary>How many PUBLISHes there were beyond the first one of each message.</summary>
    public int Resent => _sendings.Values.Sum(sendings => sendings.Count - 1);

    /// <summary>The number of a message by the text of its payload; 0 when it is none of ours.</summary>
    public static long NumberOf(string? payload) =>
        payload is not null && long.TryParse(payload.AsSpan(0, payload.IndexOf(' ') is > 0 and var end ? end : payload.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>A packet without all of its payload but the number: runs are long.</summary>
    public static WirePacket Shorten(WirePacket packet) =>
        packet.Payload is null ? packet : packet with { Payload = NumberOf(packet.Payload).ToString(CultureInfo.InvariantCulture) };

    private void Take(WirePacket packet, long at)
    {
        _began.TryAdd(packet.Connection, at);
        switch (packet.Type)
        {
            case MqttControlPacketType.Publish when packet is { Direction: Direction.ToBroker, Qos: > 0 }:
                var number = NumberOf(packet.Payload);
                _numbers[packet.PacketId] = number;
                if (!_sendings.TryGetValue(number, out var sendings)) _sendings[number] = sendings = [];
                sendings.Add(new Sending(at, packet.Connection, _began[packet.Connection]));
                break;
            case MqttControlPacketType.PubAck or MqttControlPacketType.PubComp when packet is { Direction: Direction.ToClient, Passed: true }:
                // A PUBCOMP always ends the handshake, whatever its code: the PUBREC had handed the message over.
                if (packet.Type == MqttControlPacketType.PubAck && packet.ReasonCode >= 0x80) break;
                if (!_numbers.TryGetValue(packet.PacketId, out var ended)) break;
                if (!_ends.TryGetValue(ended, out var ends)) _ends[ended] = ends = [];
                ends.Add(at);
                break;
        }
    }
}
