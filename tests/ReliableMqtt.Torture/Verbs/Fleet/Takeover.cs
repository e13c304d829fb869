using System.Diagnostics;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Torture.Processes;
using ReliableMqtt.Torture.Wire;

namespace ReliableMqtt.Torture.Verbs.Fleet;

/// <summary>Who has the connection, and how long it took the next one to get it, as the proxies saw it.</summary>
internal sealed class Takeover(WireLog log)
{
    /// <summary>The name of the replica whose CONNACK was the last; null before the first.</summary>
    public string? Owner() => log.From().LastOrDefault(entry => IsWelcome(entry.Packet)).Packet?.Via;

    /// <summary>Waits for the CONNACK of another replica, and gives the time from a moment to it; null when it does not come in time.</summary>
    /// <param name="from">The moment, in <see cref="Stopwatch"/> ticks.</param>
    /// <param name="place">Where in the log to begin.</param>
    /// <param name="before">The name of the owner until then.</param>
    /// <param name="limit">How long to wait at most.</param>
    /// <param name="stop">Ends the wait.</param>
    public async Task<(string Winner, double Seconds)?> OfAnotherAsync(long from, int place, string before, TimeSpan limit, CancellationToken stop)
    {
        TimedPacket? welcome = null;
        await Patience.UntilAsync(() => (welcome = log.First(place, packet => IsWelcome(packet) && packet.Via != before)) is not null, limit, stop);
        return welcome is { } found ? (found.Packet.Via!, Stopwatch.GetElapsedTime(from, found.At).TotalSeconds) : null;
    }

    private static bool IsWelcome(WirePacket packet) => packet is { Type: MqttControlPacketType.ConnAck, ReasonCode: 0, Passed: true };
}
