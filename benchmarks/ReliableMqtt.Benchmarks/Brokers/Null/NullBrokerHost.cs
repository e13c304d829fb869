using System.Net;
using System.Net.Sockets;

namespace ReliableMqtt.Benchmarks.Brokers.Null;

/// <summary>Listens, and gives each connection a thread of its own, which blocks: that is the cheapest way for one or two of them.</summary>
internal static class NullBrokerHost
{
    /// <param name="port">Where to listen; 0 for a free one.</param>
    /// <param name="receiveMaximum">What a CONNACK of MQTT 5 states; 65,535 is what is true when it states nothing.</param>
    /// <param name="confirms">How many messages of a connection are confirmed.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<int> RunAsync(int port, ushort receiveMaximum, long confirms, CancellationToken cancellationToken)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        Console.WriteLine(FormattableString.Invariant($"listening on 127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"));
        try
        {
            while (true)
            {
                var socket = await listener.AcceptSocketAsync(cancellationToken);
                new Thread(() => Serve(socket, receiveMaximum, confirms)) { IsBackground = true, Name = "connection" }.Start();
            }
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
    }

    private static void Serve(Socket socket, ushort receiveMaximum, long confirms)
    {
        using (socket)
        {
            try
            {
                socket.Blocking = true;
                socket.NoDelay = true;
                new NullConnection(socket, receiveMaximum, confirms).Run();
            }
            catch (Exception failure) when (failure is SocketException or InvalidDataException)
            {
                // The client has gone, or it speaks another protocol.
            }
        }
    }
}
