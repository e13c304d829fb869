using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MQTTnet;

namespace ReliableMqtt.Tool.Settings;

/// <summary>Where the broker is: <c>mqtt[s]://[user:password@]host[:port]</c> or <c>ws[s]://[user:password@]host[:port]/path</c>.</summary>
internal sealed class BrokerAddress
{
    /// <summary>Where the address is looked for: a command line can be seen by every user of the machine.</summary>
    public const string Variable = "RELIABLE_MQTT_BROKER";

    private const int Port = 1883, TlsPort = 8883;

    private readonly Uri _uri;

    private BrokerAddress(Uri uri) => _uri = uri;

    /// <summary>Who may have signed the broker's certificate, beside those whom the system trusts.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>A password would cross a network where others may read it.</summary>
    public bool SendsPasswordInPlainText => _uri.UserInfo.Length > 0 && !IsSecure && !_uri.IsLoopback;

    public bool IsSecure => _uri.Scheme is "mqtts" or "wss";

    /// <exception cref="FormatException">It is no such address. The message does not quote the text, which may have a password.</exception>
    public static BrokerAddress Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("mqtt" or "mqtts" or "ws" or "wss") || uri.Host.Length == 0)
            throw new FormatException("There is no such broker: expected mqtt[s]://[user:password@]host[:port] or ws[s]://[user:password@]host[:port]/path. What is special in user and password is percent-encoded.");
        return new BrokerAddress(uri);
    }

    /// <summary>The same with certificates in a file of PEM.</summary>
    /// <exception cref="FormatException">There are none in it.</exception>
    public BrokerAddress WithAuthorities(string file)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPemFile(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new FormatException($"The certificates of '{file}' cannot be read: {error.Message}");
        }

        if (certificates.Count == 0) throw new FormatException($"There is no certificate in '{file}': expected PEM.");
        return new BrokerAddress(_uri) { Authorities = certificates };
    }

    /// <summary>Sets everything that the address says.</summary>
    public void Apply(MqttClientOptionsBuilder client)
    {
        if (_uri.Scheme is "ws" or "wss") client.WithWebSocketServer(socket => socket.WithUri(ToString()));
        else client.WithTcpServer(_uri.DnsSafeHost, _uri.Port > 0 ? _uri.Port : IsSecure ? TlsPort : Port);
        if (IsSecure)
        {
            client.WithTlsOptions(tls =>
            {
                tls.UseTls();

                // An authority of one's own has no list of what it has revoked, as a rule.
                if (Authorities is not null) tls.WithTrustChain(Authorities).WithRevocationMode(X509RevocationMode.NoCheck);
            });
        }

        if (_uri.UserInfo.Split(':', 2) is [{ Length: > 0 } user, .. var password])
            client.WithCredentials(Uri.UnescapeDataString(user), password.Length > 0 ? Uri.UnescapeDataString(password[0]) : null);
    }

    /// <summary>The address as it may be shown: without the credentials.</summary>
    public override string ToString() => _uri.GetComponents(UriComponents.AbsoluteUri & ~UriComponents.UserInfo, UriFormat.UriEscaped).TrimEnd('/');
}
