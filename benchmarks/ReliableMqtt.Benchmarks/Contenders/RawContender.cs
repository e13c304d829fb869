using System.Net;
using System.Net.Sockets;
using ReliableMqtt.Benchmarks.Measuring;
using ReliableMqtt.Benchmarks.Wire;

namespace ReliableMqtt.Benchmarks.Contenders;

/// <summary>
/// Nothing but bytes: the best that can be had of that broker. Prepared packets, of which only the packet id is patched, one write for all that may
/// leave, acks read many at a time, on a thread that blocks. It neither checks nor keeps anything.
/// </summary>
/// <param name="isPaced">It waits a moment before it reads.</param>
internal sealed class RawContender(bool isPaced) : IContender
{
    public string Name => isPaced ? "raw socket, paced" : "raw socket";

    public bool CanDo(Cell cell) => !isPaced || (cell.Qos > 0 && cell.Window > 1);

    public async Task<IRun> StartAsync(int port, Cell cell, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 60_000, SendTimeout = 60_000 };
        socket.Connect(IPAddress.Loopback, port);
        socket.Send(PreparedPackets.Connect("bench-raw"));
        var answer = new byte[256];
        var count = socket.Receive(answer);
        if (count < 4 || answer[0] != 0x20 || answer[3] != 0) throw new InvalidOperationException("The broker refuses the connection.");
        var run = new Run(socket, cell, isPaced);
        await run.PublishAsync(1, Latencies.Ignored);
        return run;
    }

    private sealed class Run(Socket socket, Cell cell, bool isPaced) : IRun
    {
        public Task PublishAsync(int messages, Latencies latencies) => Task.Factory.StartNew(
            () => Publish(messages, latencies), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        private void Publish(int messages, Latencies latencies)
        {
            if (cell.Qos == 0) new RawFlood(socket, cell).Run(messages, latencies);
            else new RawWindow(socket, cell, messages, latencies, isPaced ? new Pace(cell.Window) : null).Run();
        }

        public ValueTask DisposeAsync()
        {
            socket.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
