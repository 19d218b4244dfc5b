using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Edge.Formats;
using Edge.Storage;

namespace Edge.Transport;

/// <summary>
/// A certificate with its chain and private key, and how connections are encrypted with it: TLS 1.2 or 1.3, HTTP/2 or
/// HTTP/1.1 by ALPN, no client certificates, no renegotiation. Immutable and thread safe.
/// </summary>
internal sealed class TlsCertificate
{
    /// <summary>Largest file, bytes; a long chain has some 10 KB.</summary>
    private const int FileMaxBytes = 1 << 20;

    private const string EncryptedMark = "ENCRYPTED";
    private const string KeyMark = "PRIVATE KEY-----";

    private TlsCertificate(X509Certificate2 leaf, X509Certificate2Collection all)
    {
        ValidFrom = leaf.NotBefore.ToUniversalTime();
        ValidUntil = leaf.NotAfter.ToUniversalTime();
        foreach (var certificate in all)
        {
            var until = certificate.NotAfter.ToUniversalTime();
            ValidUntil = until < ValidUntil ? until : ValidUntil;
        }

        Handshake = new SslServerAuthenticationOptions
        {
            // Offline: what the chain lacks is not downloaded from addresses that certificates name.
            ServerCertificateContext = SslStreamCertificateContext.Create(leaf, all, offline: true),
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
        };
    }

    /// <summary>How a connection is encrypted; the same object for all, so that clients can resume sessions.</summary>
    public SslServerAuthenticationOptions Handshake { get; }

    /// <summary>When the certificate becomes valid.</summary>
    public DateTimeOffset ValidFrom { get; }

    /// <summary>When the first of the certificate and its chain expires.</summary>
    public DateTimeOffset ValidUntil { get; }

    /// <summary>
    /// Reads the pair of files: the certificate first and its chain after it, and the key, which is not encrypted. Null
    /// with what is wrong, in the words of the settings, when they cannot be used. An expired certificate can.
    /// </summary>
    public static TlsCertificate? TryLoad(string certificateFile, string keyFile, out string problem)
    {
        if (
            TryRead("tls.certificateFile", certificateFile, out problem) is not { } certificates
            || TryRead("tls.keyFile", keyFile, out problem) is not { } key
        )
        {
            return null;
        }

        var all = new X509Certificate2Collection();
        try
        {
            all.ImportFromPem(certificates);
        }
        catch (CryptographicException)
        {
            problem = $"tls.certificateFile '{certificateFile}' has a damaged certificate";
            return null;
        }

        if (all.Count == 0)
        {
            problem = $"tls.certificateFile '{certificateFile}' has no certificate in PEM format (BEGIN CERTIFICATE)";
            return null;
        }

        try
        {
            return new TlsCertificate(X509Certificate2.CreateFromPem(certificates, key), all);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            problem = $"tls.keyFile '{keyFile}' {ProblemOf(key, certificateFile)}";
            return null;
        }
    }

    /// <summary>What is wrong with the time the certificate is valid in; null when nothing is.</summary>
    public string? ProblemAt(DateTimeOffset now) =>
        now >= ValidUntil ? $"expired at {ValidUntil:u}"
        : now < ValidFrom ? $"is not valid before {ValidFrom:u}"
        : null;

    private static string ProblemOf(string key, string certificateFile)
    {
        if (!key.Contains(KeyMark, StringComparison.Ordinal))
        {
            return "has no private key in PEM format (BEGIN PRIVATE KEY)";
        }

        return key.Contains(EncryptedMark, StringComparison.Ordinal)
            ? "is encrypted; openssl pkey -in FILE -out PLAIN decrypts it"
            : $"is damaged, or not the key of the first certificate in '{certificateFile}'";
    }

    private static string? TryRead(string setting, string file, out string problem)
    {
        problem = "";
        try
        {
            return Encoding.ASCII.GetString(JsonProblem.WithoutMark(DiskFile.ReadWhole(file, FileMaxBytes)).Span);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = $"{setting} '{file}' cannot be read: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}";
            return null;
        }
    }
}
