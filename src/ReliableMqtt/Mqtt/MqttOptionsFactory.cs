using System.Net;
using System.Net.Sockets;
using MQTTnet;
using MQTTnet.Formatter;

namespace ReliableMqtt.Mqtt;

/// <summary>Makes the options of a CONNECT, and holds the application's part to what the guarantees need. Pure but for the application's delegate.</summary>
internal sealed class MqttOptionsFactory(ReliablePublisherOptions options)
{
    private const int MqttNetBufferSize = 8192, SocketBufferSize = 1 << 20;

    /// <summary>The Session Expiry Interval that is asked for, in whole seconds; the highest value means that the session never expires.</summary>
    public uint SessionExpirySeconds { get; } = (uint)Math.Min(Math.Ceiling(options.SessionExpiry.TotalSeconds), uint.MaxValue);

    /// <summary>Makes the options anew.</summary>
    /// <param name="clean">For a session that begins and ends with the connection: Clean Start 1 and no expiry, or CleanSession 1 on MQTT 3.1.1.</param>
    /// <exception cref="InvalidOperationException">The application has undone what the session depends on, or set no server.</exception>
    public MqttClientOptions Create(bool clean = false)
    {
        var builder = new MqttClientOptionsBuilder()
            .WithClientId(options.PublisherId)
            .WithCleanSession(false)
            .WithSessionExpiryInterval(SessionExpirySeconds);
        options.Mqtt?.Invoke(builder);
        MqttClientOptions built;
        try
        {
            built = builder.Build();
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or NotSupportedException)
        {
            throw new InvalidOperationException($"{nameof(ReliablePublisherOptions)}.{nameof(options.Mqtt)} gives no valid MQTT options: {e.Message}", e);
        }

        Verify(built);
        // MQTTnet's default is smaller than one batch, and every write would wait for the peer to have read the one before.
        if (built.ChannelOptions is MqttClientTcpOptions { BufferSize: MqttNetBufferSize } tcp) tcp.BufferSize = SocketBufferSize;
        if (clean) (built.CleanSession, built.SessionExpiryInterval) = (true, 0);
        return built;
    }

    /// <summary>True when user name or password would cross a network in plain text.</summary>
    public static bool SendsCredentialsInPlainText(MqttClientOptions built) => built.Credentials is not null && built.ChannelOptions switch
    {
        MqttClientTcpOptions { StreamProvider: null } tcp => tcp.TlsOptions?.UseTls != true && !IsLoopback(tcp.RemoteEndpoint),
        MqttClientWebSocketOptions webSocket => Uri.TryCreate(webSocket.Uri, UriKind.Absolute, out var uri) && uri.Scheme != "wss" && !uri.IsLoopback,
        _ => false,
    };

    private void Verify(MqttClientOptions built)
    {
        if (built.ChannelOptions is null)
            throw Undone("sets no server: call WithTcpServer, WithWebSocketServer or WithConnectionUri");
        if (built.ClientId != options.PublisherId)
            throw Undone($"changes the client id to '{built.ClientId}', but it must be {nameof(options.PublisherId)} '{options.PublisherId}', which names the session");
        if (built.CleanSession)
            throw Undone("asks for a clean session, but the broker must keep it for handshakes to be resumed");
        switch (built.ProtocolVersion)
        {
            case MqttProtocolVersion.V500 when built.SessionExpiryInterval != SessionExpirySeconds:
                throw Undone($"changes the session expiry interval to {built.SessionExpiryInterval} s: set {nameof(options.SessionExpiry)} instead");
            case MqttProtocolVersion.V500 or MqttProtocolVersion.V311:
                return;
            default:
                throw Undone("asks for MQTT 3.1, which does not tell whether a session was kept: use 5.0 or 3.1.1");
        }
    }

    private static InvalidOperationException Undone(string what) =>
        new($"{nameof(ReliablePublisherOptions)}.{nameof(ReliablePublisherOptions.Mqtt)} {what}.");

    private static bool IsLoopback(EndPoint? endPoint) => endPoint switch
    {
        IPEndPoint ip => IPAddress.IsLoopback(ip.Address),
        DnsEndPoint dns => IsLoopback(dns.Host),
        UnixDomainSocketEndPoint => true,
        _ => false,
    };

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
