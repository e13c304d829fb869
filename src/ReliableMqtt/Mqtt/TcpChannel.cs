using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MQTTnet;
using MQTTnet.Channel;

namespace ReliableMqtt.Mqtt;

/// <summary>A channel that is told how many acks it may expect, so that it need not wake for each of them.</summary>
internal interface IPacedChannel : IMqttChannel
{
    /// <summary>
    /// Reads as <see cref="IMqttChannel.ReadAsync"/>, perhaps a moment later. What awaits the task goes on with the thread that reads: it must neither block nor run
    /// code of the application.
    /// </summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="taken">Acks that the last read has brought.</param>
    /// <param name="expected">Acks that are still to come.</param>
    /// <param name="cancellationToken">Ends the connection.</param>
    Task<int> ReadInlineAsync(ArraySegment<byte> buffer, int taken, int expected, CancellationToken cancellationToken);
}

/// <summary>
/// A plain TCP connection with a thread of its own that reads. .NET's sockets wake a thread for each segment that comes, and a broker that writes each ack by itself makes a
/// segment of each: that was most of what a message cost here, and a good part of what it cost the broker (ADR 0018).
/// </summary>
internal sealed partial class TcpChannel(MqttClientTcpOptions options) : IPacedChannel
{
    private readonly object _gate = new();
    private readonly Socket _socket = Create(options);
    private volatile bool _isClosed;

    public X509Certificate2? ClientCertificate => null;

    public EndPoint? RemoteEndPoint { get; private set; }

    public EndPoint? LocalEndPoint { get; private set; }

    public bool IsSecureConnection => false;

    /// <summary>Whether this class does for these options: TCP to an IP address or a name, and nothing between it and the packets.</summary>
    public static bool Serves(MqttClientTcpOptions options) =>
        options is { ProtocolType: ProtocolType.Tcp, StreamProvider: null, TlsOptions: not { UseTls: true }, RemoteEndpoint: IPEndPoint or DnsEndPoint };

    /// <remarks>
    /// Not with the asynchronous methods of the socket: from their first use on, .NET watches it. A name is looked up without regard to the token; whoever waits need not wait for that.
    /// </remarks>
    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var connected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using (cancellationToken.UnsafeRegister(static channel => ((TcpChannel)channel!).Dispose(), this))
        {
            new Thread(() => Run(connected)) { IsBackground = true, Name = "ReliableMqtt reader" }.UnsafeStart();
            try
            {
                await connected.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                throw new OperationCanceledException(cancellationToken);
            }
        }
    }

    public Task DisconnectAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_isClosed) return;
            _isClosed = true;
        }

        // Ends a read, a write and a connect that are under way.
        _socket.Dispose();
        _asked.Release();
    }

    /// <remarks>The token is not looked at: half a packet would corrupt the stream. What does not fit into the socket's buffer is written by a thread that waits.</remarks>
    public Task WriteAsync(ReadOnlySequence<byte> buffer, bool isEndOfPacket, CancellationToken cancellationToken)
    {
        try
        {
            while (buffer.Length > 0)
            {
                var sent = _socket.Send(buffer.FirstSpan, SocketFlags.None, out var error);
                if (error == SocketError.WouldBlock)
                {
                    var rest = buffer;
                    return Task.Run(() => WriteRest(rest), CancellationToken.None);
                }

                Check(error);
                buffer = buffer.Slice(sent);
            }

            return Task.CompletedTask;
        }
        catch (Exception e)
        {
            return Task.FromException(e);
        }
    }

    private void WriteRest(ReadOnlySequence<byte> rest)
    {
        while (rest.Length > 0)
        {
            _socket.Poll(-1, SelectMode.SelectWrite);
            var sent = _socket.Send(rest.FirstSpan, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock) continue;
            Check(error);
            rest = rest.Slice(sent);
        }
    }

    private static Socket Create(MqttClientTcpOptions options)
    {
        var socket = options.AddressFamily == AddressFamily.Unspecified
            ? new Socket(SocketType.Stream, ProtocolType.Tcp)
            : new Socket(options.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = options.NoDelay;
            socket.ReceiveBufferSize = socket.SendBufferSize = options.BufferSize;
            if (options.LingerState is { } linger) socket.LingerState = linger;
            if (options.DualMode is { } dualMode) socket.DualMode = dualMode;
            if (options.LocalEndpoint is { } local) socket.Bind(local);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void Check(SocketError error)
    {
        if (error != SocketError.Success) throw new SocketException((int)error);
    }
}
