using System.Security.Cryptography.X509Certificates;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Security;

// A server that is not who it should be gets nothing: no credentials, no message. And there is nothing in our options that would change that.
public sealed class TlsRefusalTests : IDisposable
{
    private const string Host = "127.0.0.1", Password = "canary-of-tls";
    private readonly TestAuthority _authority = new(), _stranger = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _stranger.Dispose();
    }

    [Fact]
    public async Task A_broker_whose_authority_the_application_trusts_gets_the_messages()
    {
        await using var broker = await StartBrokerAsync(_authority.Issue(Host));
        await using var publisher = await StartAsync(broker, new LogCapture());
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish("m")).Outcome);
    }

    [Theory]
    [InlineData("expired")]
    [InlineData("for another host")]
    [InlineData("of another authority")]
    public async Task A_broker_with_another_certificate_gets_nothing(string which)
    {
        await using var broker = await StartBrokerAsync(Certificate(which));
        using var log = new LogCapture();
        await using var publisher = await StartAsync(broker, log);
        var error = await PublisherCalls.FailsAsync(
            () => publisher.Publish("m", options: new PublishOptions { ConfirmTimeout = TimeSpan.FromSeconds(1) }), PublishFailure.ConfirmTimeout);
        Assert.Equal(PublishOutcome.Pending, error.Receipt.Outcome);
        Assert.NotEqual(ConnectionState.Connected, publisher.Status.Connection);
        Assert.Contains(log.Entries, entry => entry.Id == 2003 && entry.Text.Contains("certificate", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(log.Entries, entry => entry.Text.Contains(Password, StringComparison.Ordinal));
        // Not even the CONNECT has come through.
        Assert.DoesNotContain("New client connected", broker.ReadLog(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redis_whose_certificate_is_over_gets_nothing()
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { Certificate = Certificate("expired") });
        var options = ConfigurationOptions.Parse($"{redis.Address},ssl=true,connectRetry=1,password={Password}");
        options.TrustIssuer(_authority.Root);
        await using var ledger = new RedisAckLedger(options);
        var error = await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "tls" }, Cancel));
        Assert.DoesNotContain(Password, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void No_option_of_ours_has_a_say_in_the_checks_of_a_certificate() => Assert.DoesNotContain(
        typeof(ReliablePublisher).Assembly.GetExportedTypes().SelectMany(type => type.GetMembers()).Select(member => member.Name),
        name => name.Contains("Certificate", StringComparison.OrdinalIgnoreCase) || name.Contains("Untrusted", StringComparison.OrdinalIgnoreCase)
            || name.Contains("Tls", StringComparison.Ordinal) || name.Contains("Ssl", StringComparison.OrdinalIgnoreCase));

    private TestCertificate Certificate(string which) => which switch
    {
        "expired" => _authority.Issue(Host, TimeSpan.FromMinutes(-1)),
        "for another host" => _authority.Issue("broker.example"),
        _ => _stranger.Issue(Host),
    };

    private static Task<MosquittoBroker> StartBrokerAsync(TestCertificate certificate) => MosquittoBroker.StartAsync(new MosquittoSettings
    {
        ExtraLines = [$"cafile {certificate.AuthorityFile}", $"certfile {certificate.CertificateFile}", $"keyfile {certificate.KeyFile}"],
    });

    private Task<ReliablePublisher> StartAsync(MosquittoBroker broker, LogCapture log) => ReliablePublisher.StartAsync(new ReliablePublisherOptions
    {
        PublisherId = "tls",
        Mqtt = mqtt => mqtt.WithTcpServer(Host, broker.Port).WithCredentials("somebody", Password).WithTlsOptions(
            tls => tls.UseTls().WithTrustChain([X509CertificateLoader.LoadCertificate(_authority.Root.RawData)]).WithRevocationMode(X509RevocationMode.NoCheck)),
        Ledger = new InMemoryAckLedger(),
        LoggerFactory = log,
        ShutdownTimeout = TimeSpan.Zero,
        MinBackoff = TimeSpan.FromMilliseconds(20),
        MaxBackoff = TimeSpan.FromMilliseconds(200),
    }, Cancel);
}
