using System.Reflection;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>Which object stands for which message: nothing outside of the session can see that.</summary>
internal static class SessionInsides
{
    public static IReadOnlyCollection<Handshake> InFlight(PublishSession session) => Field<Dictionary<PacketId, Handshake>>(session, "_inflight").Values;

    /// <summary>Those that serve the next messages.</summary>
    public static Stack<Handshake> Over(PublishSession session) => Field<Stack<Handshake>>(session, "_over");

    public static Queue<Handshake> Released(PublishSession session) => Field<Queue<Handshake>>(session, "_released");

    public static Queue<Handshake> Resend(PublishSession session) => Field<Queue<Handshake>>(session, "_resend");

    private static T Field<T>(PublishSession session, string name) =>
        (T)typeof(PublishSession).GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(session)!;
}
