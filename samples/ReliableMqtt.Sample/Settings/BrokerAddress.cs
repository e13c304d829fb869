using MQTTnet;
using MQTTnet.Formatter;

namespace ReliableMqtt.Sample.Settings;

/// <summary>Where the broker is: <c>mqtt[s]://[user:password@]host[:port]</c> or <c>ws[s]://[user:password@]host[:port]/path</c>.</summary>
internal sealed class BrokerAddress
{
    private readonly Uri _uri;

    private BrokerAddress(Uri uri) => _uri = uri;

    /// <exception cref="FormatException">It is not such an address.</exception>
    public static BrokerAddress Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("mqtt" or "mqtts" or "ws" or "wss") || uri.Host.Length == 0)
            throw new FormatException($"'{text}' is not a broker: expected mqtt[s]://[user:password@]host[:port] or ws[s]://host[:port]/path.");
        return new BrokerAddress(uri);
    }

    /// <summary>Sets everything that the address says. The client id and the session are the library's.</summary>
    public void Apply(MqttClientOptionsBuilder client, MqttProtocolVersion protocol)
    {
        var isSecure = _uri.Scheme is "mqtts" or "wss";
        client.WithProtocolVersion(protocol);
        if (_uri.Scheme is "ws" or "wss")
            client.WithWebSocketServer(socket => socket.WithUri(WithoutCredentials()));
        else
            client.WithTcpServer(_uri.DnsSafeHost, _uri.IsDefaultPort || _uri.Port < 0 ? isSecure ? 8883 : 1883 : _uri.Port);

        if (isSecure) client.WithTlsOptions(tls => tls.UseTls());

        if (_uri.UserInfo.Length > 0)
        {
            var parts = _uri.UserInfo.Split(':', 2);
            client.WithCredentials(Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : null);
        }
    }

    /// <summary>The address as it may be shown: without the credentials.</summary>
    public override string ToString() => WithoutCredentials();

    private string WithoutCredentials() => _uri.GetComponents(UriComponents.AbsoluteUri & ~UriComponents.UserInfo, UriFormat.UriEscaped);
}
