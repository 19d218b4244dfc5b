using Edge.Tests.Support;
using Edge.Transport;
using Xunit;

namespace Edge.Tests.Transport;

/// <summary>Which pairs of files are a certificate, and what is said of the others.</summary>
public sealed class TlsCertificateTests : IDisposable
{
    // openssl req -x509 -newkey ed25519 -nodes -days 36500 -subj /CN=localhost
    private const string Ed25519Certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBPjCB8aADAgECAhRit9lUZ+tm0o9Pwx47f+CmRBaaaDAFBgMrZXAwFDESMBAG
        A1UEAwwJbG9jYWxob3N0MCAXDTI2MTEzMDIwNTYyNFoYDzIxMjYxMTA2MjA1NjI0
        WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwKjAFBgMrZXADIQCcKCMUhluRMiqqV16V
        z1rtrhPDyf7zq1WbNvP1mbAIlqNTMFEwHQYDVR0OBBYEFHyMMhKLTd5aW3QKtUB/
        ZBLITeQVMB8GA1UdIwQYMBaAFHyMMhKLTd5aW3QKtUB/ZBLITeQVMA8GA1UdEwEB
        /wQFMAMBAf8wBQYDK2VwA0EAaPL8Un8OiuyjdPZVw96tGJFI8mzvG22uKycZzGhg
        HGitAi8ObVwhZDAm8oTTxlWWh4xXiRhlE1dj+zz+pFLyDA==
        -----END CERTIFICATE-----
        """;

    private const string Ed25519Key = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIAfMF8RygkuJtphVtyHDDQ9WoVO+xLj068yOWe+vEhyh
        -----END PRIVATE KEY-----
        """;

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
    [InlineData("damaged base64", "tls.certificateFile", "has a damaged certificate, number 1 of 2")]
    [InlineData("damaged chain", "tls.certificateFile", "has a damaged certificate, number 2 of 2")]
    [InlineData("damaged base64 of the chain", "tls.certificateFile", "has a damaged certificate, number 2 of 2")]
    [InlineData("Ed25519", "tls.certificateFile", "is for a key of the kind Ed25519; ECDSA and RSA can be served")]
    [InlineData("key of Ed25519", "tls.keyFile", "is damaged, or of another kind than ECDSA and RSA")]
    [InlineData("damaged key", "tls.keyFile", "is damaged")]
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
            case "damaged base64":
                File.WriteAllText(CertificateFile, File.ReadAllText(CertificateFile).Replace("MII", "M*I", StringComparison.Ordinal));
                break;
            case "damaged chain":
                ReplaceLast("MII", "AAA");
                break;
            case "damaged base64 of the chain":
                ReplaceLast("MII", "M*I");
                break;
            case "Ed25519":
                File.WriteAllText(CertificateFile, Ed25519Certificate);
                File.WriteAllText(KeyFile, Ed25519Key);
                break;
            case "key of Ed25519":
                File.WriteAllText(KeyFile, Ed25519Key);
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

    [Theory]
    [InlineData(null, null, "tls.certificateFile '{0}' cannot be read: ", "; tls.keyFile '{1}' cannot be read: ")]
    [InlineData("x", "y", "tls.certificateFile '{0}' has no certificate", "; tls.keyFile '{1}' has no private key")]
    public void Pair_WithTwoMistakes_IsToldBoth(string? certificate, string? key, string first, string second)
    {
        if (certificate is not null && key is not null)
        {
            File.WriteAllText(CertificateFile, certificate);
            File.WriteAllText(KeyFile, key);
        }

        Assert.Null(TlsCertificate.TryLoad(CertificateFile, KeyFile, out var problem));

        Assert.StartsWith(first.Replace("{0}", CertificateFile, StringComparison.Ordinal), problem, StringComparison.Ordinal);
        Assert.Contains(second.Replace("{1}", KeyFile, StringComparison.Ordinal), problem, StringComparison.Ordinal);
    }

    private void ReplaceLast(string text, string by)
    {
        var pem = File.ReadAllText(CertificateFile);
        var at = pem.LastIndexOf(text, StringComparison.Ordinal);
        File.WriteAllText(CertificateFile, pem[..at] + by + pem[(at + text.Length)..]);
    }
}
