using System.Net.Sockets;
using ReliableMqtt.Benchmarks.Measuring;
using ReliableMqtt.Benchmarks.Wire;

namespace ReliableMqtt.Benchmarks.Contenders;

/// <summary>QoS 0 as bytes: as many messages a write as the window has places. A message's latency is that of the write that it is in.</summary>
internal sealed class RawFlood(Socket socket, Cell cell)
{
    private readonly byte[] _publish = PreparedPackets.Publish(Cell.Topic, cell.Size, 0).Bytes;
    private readonly PacketWriter _writer = new(socket);

    public void Run(int messages, Latencies latencies)
    {
        for (var sent = 0; sent < messages;)
        {
            var started = Latencies.Now;
            var end = Math.Min(sent + cell.Window, messages);
            for (var i = sent; i < end; i++) _writer.Add(_publish);
            _writer.Flush();
            for (; sent < end; sent++) latencies.Record(sent, started);
        }

        _writer.Add([0xC0, 0]);
        _writer.Flush();
        var answer = new byte[2];
        for (var read = 0; read < answer.Length;)
        {
            var count = socket.Receive(answer.AsSpan(read));
            if (count == 0) throw new InvalidOperationException("The broker ended the connection.");
            read += count;
        }

        if (answer[0] != 0xD0) throw new InvalidOperationException("The broker did not answer the ping.");
    }
}
