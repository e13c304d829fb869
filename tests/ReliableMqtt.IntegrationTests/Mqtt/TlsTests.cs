using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MQTTnet;
using MQTTnet.Protocol;
using MQTTnet.Server;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.IntegrationTests.Mqtt;

/// <summary>TLS as MQTTnet offers it: the buffered channel stands above it, and nothing of ours weakens the checks.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private readonly X509Certificate2 _certificate = SelfSigned();
    private MqttServer _broker = null!;
    private int _port;
    private int _delivered;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var options = new MqttServerOptionsBuilder()
            .WithoutDefaultEndpoint().WithEncryptedEndpoint().WithEncryptedEndpointPort(0)
            .WithEncryptedEndpointBoundIPAddress(IPAddress.Loopback).WithEncryptedEndpointBoundIPV6Address(IPAddress.None)
            .WithEncryptionCertificate(_certificate).WithPersistentSessions().Build();
        _broker = new MqttServerFactory().CreateMqttServer(options);
        _broker.InterceptingPublishAsync += _ =>
        {
            Interlocked.Increment(ref _delivered);
            return Task.CompletedTask;
        };
        await _broker.StartAsync();
        _port = options.TlsEndpointOptions.Port;
    }

    public async ValueTask DisposeAsync()
    {
        await _broker.StopAsync();
        _broker.Dispose();
        _certificate.Dispose();
    }

    [Fact]
    public async Task Messages_go_over_tls_to_a_broker_whose_certificate_the_application_trusts()
    {
        await using var publisher = await StartAsync(tls => tls.UseTls().WithCertificateValidationHandler(
            check => check.Certificate.GetCertHashString() == _certificate.GetCertHashString()));

        var messages = Enumerable.Range(0, 200).Select(i => new PublishMessage("tls", new byte[i * 100], MqttQualityOfServiceLevel.ExactlyOnce)).ToList();
        var receipts = await publisher.PublishBatchAsync(messages, Token);

        Assert.All(receipts, receipt => Assert.Equal(PublishOutcome.Confirmed, receipt.Outcome));
        Assert.Equal(messages.Count, Volatile.Read(ref _delivered));
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_ends_every_attempt_and_the_message_stays()
    {
        await using var publisher = await StartAsync(tls => tls.UseTls());

        var error = await Assert.ThrowsAsync<ReliablePublishException>(() => publisher.PublishAsync(
            "tls", "secret", options: new PublishOptions { ConfirmTimeout = TimeSpan.FromSeconds(1) }, cancellationToken: Token));

        Assert.Equal((PublishFailure.ConfirmTimeout, PublishOutcome.Pending), (error.Reason, error.Receipt.Outcome));
        Assert.NotEqual(ConnectionState.Connected, publisher.Status.Connection);
        Assert.Equal(0, Volatile.Read(ref _delivered));
    }

    private Task<ReliablePublisher> StartAsync(Action<MqttClientTlsOptionsBuilder> tls) => ReliablePublisher.StartAsync(new ReliablePublisherOptions
    {
        PublisherId = "tls-publisher",
        Mqtt = mqtt => mqtt.WithTcpServer("localhost", _port).WithTlsOptions(tls),
        Ledger = new InMemoryAckLedger(),
        ShutdownTimeout = TimeSpan.Zero,
        MinBackoff = TimeSpan.FromMilliseconds(20),
        MaxBackoff = TimeSpan.FromMilliseconds(200),
    }, Token);

    private static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }
}
