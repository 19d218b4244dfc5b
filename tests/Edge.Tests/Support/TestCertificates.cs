using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Edge.Tests.Support;

/// <summary>A certification authority of one test: a root, and an intermediate that signs what is asked for.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly X509Certificate2 _intermediate;

    /// <param name="days">How long the intermediate is valid from now on, days.</param>
    public TestCertificates(int days = 90)
    {
        Root = Issue("CN=Root", null, days + 1, isAuthority: true).Certificate;
        _intermediate = Issue("CN=Intermediate", Root, days, isAuthority: true).Certificate;
    }

    public X509Certificate2 Root { get; }

    /// <summary>Writes the pair of a new certificate for localhost, the intermediate behind it.</summary>
    /// <param name="certificateFile">Where the certificate and its chain go.</param>
    /// <param name="keyFile">Where the key goes.</param>
    /// <param name="days">Until it expires; negative when it has.</param>
    /// <param name="password">Encrypts the key.</param>
    /// <returns>The serial number.</returns>
    public string Write(string certificateFile, string keyFile, double days = 30, string? password = null)
    {
        var (certificate, key) = Issue("CN=localhost", _intermediate, days, isAuthority: false);
        using (certificate)
        {
            File.WriteAllText(
                certificateFile,
                certificate.ExportCertificatePem() + "\n" + _intermediate.ExportCertificatePem() + "\n"
            );
            File.WriteAllText(
                keyFile,
                password is null
                    ? key.ExportPkcs8PrivateKeyPem()
                    : key.ExportEncryptedPkcs8PrivateKeyPem(
                        password,
                        new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1_000)
                    )
            );
            return certificate.SerialNumber;
        }
    }

    public void Dispose()
    {
        Root.Dispose();
        _intermediate.Dispose();
    }

    private static (X509Certificate2 Certificate, ECDsa Key) Issue(
        string subject,
        X509Certificate2? issuer,
        double days,
        bool isAuthority
    )
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, critical: true));
        if (!isAuthority)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("localhost");
            request.CertificateExtensions.Add(names.Build());
        }

        var from = DateTimeOffset.UtcNow.AddDays(-60);
        var until = DateTimeOffset.UtcNow.AddDays(days);
        if (issuer is null)
        {
            return (request.CreateSelfSigned(from, until), key);
        }

        // By name and generator, because a certificate may outlive its issuer here.
        using var issuerKey = issuer.GetECDsaPrivateKey()!;
        using var issued = request.Create(
            issuer.SubjectName,
            X509SignatureGenerator.CreateForECDsa(issuerKey),
            from,
            until,
            RandomNumberGenerator.GetBytes(8)
        );
        return (issued.CopyWithPrivateKey(key), key);
    }
}
