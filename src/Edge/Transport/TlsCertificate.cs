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

    private const string CertificateMark = "-----BEGIN CERTIFICATE-----";
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
        var certificates = TryRead("tls.certificateFile", certificateFile, out var lostCertificate);
        var key = TryRead("tls.keyFile", keyFile, out var lostKey);
        problem = string.Join("; ", new[] { lostCertificate, lostKey }.Where(static lost => lost.Length > 0));
        if (certificates is null || key is null)
        {
            return null;
        }

        if (TryParse(certificates, out var wrong) is not { } all)
        {
            problem = $"tls.certificateFile '{certificateFile}' {wrong}";
            if (TextProblemOf(key) is { } keyProblem)
            {
                problem += $"; tls.keyFile '{keyFile}' {keyProblem}";
            }

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

    /// <summary>
    /// The certificates of a file, one by one: what the platform cannot read, it leaves out of a collection in silence.
    /// </summary>
    private static X509Certificate2Collection? TryParse(string certificates, out string problem)
    {
        var texts = certificates.Split(CertificateMark)[1..];
        var all = new X509Certificate2Collection();
        foreach (var text in texts)
        {
            try
            {
                all.Add(X509Certificate2.CreateFromPem(CertificateMark + text));
            }
            catch (CryptographicException)
            {
                problem = $"has a damaged certificate, number {all.Count + 1} of {texts.Length}";
                return null;
            }
        }

        problem = all.Count == 0 ? "has no certificate in PEM format (BEGIN CERTIFICATE)" : KindProblem(all[0].PublicKey.Oid);
        return problem.Length == 0 ? all : null;
    }

    /// <summary>What is wrong with the kind of a certificate's key; empty when it can be served.</summary>
    private static string KindProblem(Oid kind)
    {
        const string Rsa = "1.2.840.113549.1.1.1";
        const string EllipticCurve = "1.2.840.10045.2.1";
        const string Ed25519 = "1.3.101.112";
        return kind.Value is Rsa or EllipticCurve
            ? ""
            : $"is for a key of the kind {(kind.Value == Ed25519 ? "Ed25519" : kind.FriendlyName ?? kind.Value)};"
                + " ECDSA and RSA can be served";
    }

    /// <summary>What is wrong with a key whatever the certificate is; null when nothing is.</summary>
    private static string? TextProblemOf(string key) =>
        !key.Contains(KeyMark, StringComparison.Ordinal) ? "has no private key in PEM format (BEGIN PRIVATE KEY)"
        : key.Contains(EncryptedMark, StringComparison.Ordinal)
            ? "is encrypted; openssl pkey -in FILE -out PLAIN decrypts it"
        : null;

    private static string ProblemOf(string key, string certificateFile)
    {
        if (TextProblemOf(key) is { } problem)
        {
            return problem;
        }

        using var rsa = RSA.Create();
        using var ecdsa = ECDsa.Create();
        return CanRead(rsa, key) || CanRead(ecdsa, key)
            ? $"is not the key of the first certificate in '{certificateFile}'"
            : "is damaged, or of another kind than ECDSA and RSA";
    }

    private static bool CanRead(AsymmetricAlgorithm algorithm, string key)
    {
        try
        {
            algorithm.ImportFromPem(key);
            return true;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return false;
        }
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
