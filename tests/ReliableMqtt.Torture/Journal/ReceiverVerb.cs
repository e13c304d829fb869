using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using MQTTnet.Adapter;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Formatter;
using MQTTnet.Implementations;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Children;

namespace ReliableMqtt.Torture.Journal;

/// <summary>
/// <c>child-receiver</c>: the broker's side of MQTT 5 for one publisher, which a kill -9 takes nothing from. It serves one connection at a time: a new one ends the one before,
/// as the same client id would.
/// </summary>
internal static class ReceiverVerb
{
    public const string Name = "child-receiver";

    public static Command Create()
    {
        var file = new Option<string>("--file") { Required = true };
        var port = new Option<int>("--port");
        var maximum = new Option<int>("--receive-maximum") { Required = true };
        var command = new Command(Name, "For the program itself.") { file, port, maximum };
        command.Hidden = true;
        command.SetAction(async (parsed, stop) =>
        {
            using var journal = new JournalFile(parsed.GetRequiredValue(file));
            using var listener = new TcpListener(IPAddress.Loopback, parsed.GetValue(port));
            listener.Start();
            await using var output = Console.OpenStandardOutput();
            new HistoryWriter(output).State("listens", ((IPEndPoint)listener.LocalEndpoint).Port);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var serving = AcceptAsync(listener, journal, parsed.GetRequiredValue(maximum), ending.Token);
            await foreach (var _ in ChildOptions.CommandsAsync())
            {
            }

            await ending.CancelAsync();
            await serving;
            return CommandLine.Success;
        });
        return command;
    }

    private static async Task AcceptAsync(TcpListener listener, JournalFile journal, int receiveMaximum, CancellationToken stop)
    {
        (TcpClient? Socket, Task Serving) current = (null, Task.CompletedTask);
        try
        {
            while (true)
            {
                var socket = await listener.AcceptTcpClientAsync(stop);
                current.Socket?.Dispose();
                await current.Serving;
                current = (socket, ServeAsync(socket, journal, receiveMaximum, stop));
            }
        }
        catch (OperationCanceledException)
        {
            current.Socket?.Dispose();
            await current.Serving;
        }
    }

    private static async Task ServeAsync(TcpClient socket, JournalFile journal, int receiveMaximum, CancellationToken stop)
    {
        await Task.Yield();
        try
        {
            socket.NoDelay = true;
            using var adapter = new MqttChannelAdapter(
                new MqttTcpChannel(socket.GetStream(), null!, null!, null!), new MqttPacketFormatterAdapter(MqttProtocolVersion.V500, new MqttBufferWriter(4096, 65535)), MqttNetNullLogger.Instance);
            await new ReceiverConnection(adapter, journal, receiveMaximum).RunAsync(stop);
        }
        catch (Exception)
        {
            // The connection was cut, by one side or the other; what it had not answered comes again.
        }

        socket.Dispose();
    }
}
