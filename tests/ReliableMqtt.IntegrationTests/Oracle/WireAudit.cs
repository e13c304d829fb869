using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Oracle;

/// <summary>
/// Reads a recorded wire against the rules of docs/conformance.md that a wire can show. The proxy stands between the two: what the publisher sent it has seen
/// before the broker, and what the broker answered before the publisher. What was on its way when a connection ended may have arrived or not, so that nothing
/// is held against the publisher that it could not know.
/// </summary>
internal static partial class WireAudit
{
    /// <summary>The rows that it checks. Row 4 reads as "the packet id of a message that is on its way was given to another one".</summary>
    public static IReadOnlyList<int> Rows { get; } = [1, 2, 3, 4, 5, 6, 7, 10, 12, 15, 16, 21, 22, 23, 24, 27, 28, 29, 30, 31, 33];

    /// <summary>Everything that breaks a rule, over all connections of each client id.</summary>
    /// <param name="packets">What was recorded, in order.</param>
    /// <param name="receiveMaximum">The window that counts where the broker states none, or a larger one.</param>
    /// <param name="finished">True when the publisher says that nothing is pending: then a handshake without its end is a problem too (rows 8, 9 and 11).</param>
    public static IReadOnlyList<WireProblem> Find(IEnumerable<WirePacket> packets, int receiveMaximum = 65_535, bool finished = false)
    {
        var problems = new List<WireProblem>();
        var connections = new Dictionary<int, AuditedConnection>();
        var sessions = new Dictionary<string, AuditedSession>();
        foreach (var packet in packets)
        {
            connections.TryGetValue(packet.Connection, out var connection);
            if (packet.Direction == Direction.ToBroker)
            {
                problems.AddRange(PacketForm.Problems(packet, connection));
                if (packet.Type == MqttControlPacketType.Connect && connection is null)
                {
                    connections.Add(packet.Connection, connection = new AuditedConnection(packet.Connection, receiveMaximum));
                    SessionOf(packet).Begin(connection);
                }
            }

            connection?.Session?.Take(packet, connection);
        }

        if (finished) foreach (var session in sessions.Values) session.AssertFinished();
        return problems;

        AuditedSession SessionOf(WirePacket connect)
        {
            // An empty client id gets a session of its own each time.
            var name = connect.ClientId is { Length: > 0 } id ? id : $"\0{connect.Connection}";
            if (!sessions.TryGetValue(name, out var session)) sessions.Add(name, session = new AuditedSession(problems));
            return session;
        }
    }
}
