using Edge.Tests.Support;
using Edge.Transport;
using Xunit;

namespace Edge.Tests.Transport;

/// <summary>Which pairs of files are a certificate, and what is said of the others.</summary>
public sealed class TlsCertificateTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly TestCertificates _certificates = new(days: 20);

    private string CertificateFile => _directory["certificate.pem"];

    private string KeyFile => _directory["key.pem"];

    public void Dispose()
    {
        _certificates.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Pair_WithItsChain_ExpiresWithTheFirstOfThem()
    {
        _certificates.Write(CertificateFile, KeyFile, days: 30);

        var certificate = TlsCertificate.TryLoad(CertificateFile, KeyFile, out var problem);

        Assert.NotNull(certificate);
        Assert.Equal("", problem);
        // The intermediate's, not the thirty days of the certificate.
        Assert.InRange(certificate.ValidUntil, DateTimeOffset.UtcNow.AddDays(19), DateTimeOffset.UtcNow.AddDays(21));
        Assert.Null(certificate.ProblemAt(DateTimeOffset.UtcNow));
        Assert.Contains("expired", certificate.ProblemAt(DateTimeOffset.UtcNow.AddDays(21)), StringComparison.Ordinal);
        Assert.Contains("not valid", certificate.ProblemAt(DateTimeOffset.UtcNow.AddDays(-90)), StringComparison.Ordinal);
    }

    [Fact]
    public void Pair_InOneFile_IsTaken()
    {
        _certificates.Write(CertificateFile, KeyFile);
        File.AppendAllText(CertificateFile, File.ReadAllText(KeyFile));

        Assert.NotNull(TlsCertificate.TryLoad(CertificateFile, CertificateFile, out _));
    }

    [Theory]
    [InlineData("no certificate file", "tls.certificateFile", "cannot be read")]
    [InlineData("no key file", "tls.keyFile", "cannot be read")]
    [InlineData("no certificate", "tls.certificateFile", "BEGIN CERTIFICATE")]
    [InlineData("damaged certificate", "tls.certificateFile", "damaged")]
    [InlineData("no key", "tls.keyFile", "BEGIN PRIVATE KEY")]
    [InlineData("damaged key", "tls.keyFile", "damaged")]
    [InlineData("encrypted key", "tls.keyFile", "openssl pkey")]
    [InlineData("key of another", "tls.keyFile", "not the key of the first certificate")]
    public void Pair_ThatCannotBeUsed_IsExplained(string mistake, string setting, string expected)
    {
        _certificates.Write(CertificateFile, KeyFile, password: mistake == "encrypted key" ? "secret" : null);
        switch (mistake)
        {
            case "no certificate file":
                File.Delete(CertificateFile);
                break;
            case "no key file":
                File.Delete(KeyFile);
                break;
            case "no certificate":
                File.WriteAllText(CertificateFile, "certificate");
                break;
            case "damaged certificate":
                File.WriteAllText(CertificateFile, File.ReadAllText(CertificateFile).Replace("MII", "AAA", StringComparison.Ordinal));
                break;
            case "no key":
                File.Copy(CertificateFile, KeyFile, overwrite: true);
                break;
            case "damaged key":
                File.WriteAllText(KeyFile, File.ReadAllText(KeyFile)[..80] + "\n-----END PRIVATE KEY-----\n");
                break;
            case "key of another":
                _certificates.Write(_directory["other"], KeyFile);
                break;
            default:
                break;
        }

        Assert.Null(TlsCertificate.TryLoad(CertificateFile, KeyFile, out var problem));

        Assert.StartsWith(setting + " '", problem, StringComparison.Ordinal);
        Assert.Contains(expected, problem, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', problem);
    }
}
