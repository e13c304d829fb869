using System.Net.Sockets;
using System.Net.WebSockets;
using MQTTnet.Exceptions;
using ReliableMqtt.Session;

namespace ReliableMqtt.Mqtt;

/// <summary>Tells from an exception of the transport who ended the connection.</summary>
internal static class EndCause
{
    /// <summary>Null when the error is not one of the transport: it is about a packet. A reset counts as the peer's doing: that is what comes of a broker that closes with unread packets in its buffer.</summary>
    public static LossCause? Of(Exception error)
    {
        LossCause? cause = error is MqttCommunicationException { InnerException: null } ? LossCause.Link : null;
        for (var inner = error; inner is not null; inner = inner.InnerException)
        {
            switch (inner)
            {
                case OperationCanceledException or ObjectDisposedException:
                    return LossCause.Local;
                case SocketException socket:
                    return IsPeer(socket.SocketErrorCode) ? LossCause.Peer : LossCause.Link;
                case WebSocketException or IOException:
                    cause = LossCause.Peer;
                    break;
            }
        }

        return cause;
    }

    // Shutdown is what .NET makes of EPIPE.
    private static bool IsPeer(SocketError error) =>
        error is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown or SocketError.Disconnecting;
}
