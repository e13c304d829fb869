using System.Net;
using System.Net.Sockets;
using ReliableMqtt.Benchmarks.Measuring;
using ReliableMqtt.Benchmarks.Wire;

namespace ReliableMqtt.Benchmarks.Contenders;

/// <summary>
/// Nothing but bytes: the best that can be had of that broker. Prepared packets, of which only the packet id is patched, one write for all that may
/// leave, acks read many at a time, on a thread that blocks. It neither checks nor keeps anything.
/// </summary>
internal sealed class RawContender : IContender
{
    public string Name => "raw socket";

    public async Task<IRun> StartAsync(int port, Cell cell, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 60_000, SendTimeout = 60_000 };
        socket.Connect(IPAddress.Loopback, port);
        socket.Send(PreparedPackets.Connect("bench-raw"));
        var answer = new byte[256];
        var count = socket.Receive(answer);
        if (count < 4 || answer[0] != 0x20 || answer[3] != 0) throw new InvalidOperationException("The broker refuses the connection.");
        var run = new Run(socket, cell);
        await run.PublishAsync(1, Latencies.Ignored);
        return run;
    }

    private sealed class Run(Socket socket, Cell cell) : IRun
    {
        public Task PublishAsync(int messages, Latencies latencies) => Task.Factory.StartNew(
            () => Publish(messages, latencies), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        private void Publish(int messages, Latencies latencies)
        {
            if (cell.Qos == 0) new RawFlood(socket, cell).Run(messages, latencies);
            else new RawWindow(socket, cell, messages, latencies).Run();
        }

        public ValueTask DisposeAsync()
        {
            socket.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
