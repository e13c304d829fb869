using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>A certificate authority of the test's own, which nobody but the test trusts.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("reliable-mqtt-authority-").FullName;

    public TestAuthority()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=Test authority", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        Root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    /// <summary>The root, with its key.</summary>
    public X509Certificate2 Root { get; }

    /// <summary>A certificate for a server at a name or an address, as files of PEM.</summary>
    /// <param name="host">The name or address.</param>
    /// <param name="validFor">How long from now on; less than nothing for one that is over.</param>
    public TestCertificate Issue(string host, TimeSpan? validFor = null)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(host, out var address)) names.AddIpAddress(address);
        else names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false)); // server authentication
        using var certificate = request.Create(Root, DateTimeOffset.UtcNow.AddHours(-2), DateTimeOffset.UtcNow + (validFor ?? TimeSpan.FromHours(1)), RandomNumberGenerator.GetBytes(8));
        return new TestCertificate(Write("server", certificate.ExportCertificatePem()), Write("key", key.ExportPkcs8PrivateKeyPem()), Write("authority", Root.ExportCertificatePem()));
    }

    public void Dispose()
    {
        Root.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string Write(string name, string pem)
    {
        var path = Path.Combine(_folder, $"{name}-{Guid.NewGuid():N}.pem");
        File.WriteAllText(path, pem);
        return path;
    }
}

/// <summary>The files that a server needs for TLS.</summary>
internal sealed record TestCertificate(string CertificateFile, string KeyFile, string AuthorityFile);
