using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Addresses with TLS: what clients see of them, and what becomes of them when their files change.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private readonly TempDirectory _data = new();
    private readonly TestCertificates _certificates = new();
    private readonly Uri _address = new($"https://127.0.0.1:{EdgeProcess.FreePort()}");
    private readonly Uri _admin = new($"http://127.0.0.1:{EdgeProcess.FreePort()}");
    private string _serial = "";
    private EdgeProcess _edge = null!;

    private string CertificateFile => _data["certificate.pem"];

    private string KeyFile => _data["key.pem"];

    private (string, string)[] Files =>
        [("EDGE__TLS__CERTIFICATEFILE", CertificateFile), ("EDGE__TLS__KEYFILE", KeyFile)];

    public async ValueTask InitializeAsync()
    {
        _serial = _certificates.Write(CertificateFile, KeyFile);
        _edge = await EdgeProcess.StartAsync(
            _data["data"],
            ["--demo", "--admin-urls", _admin.ToString()],
            Files,
            _admin,
            address: _address
        );
    }

    public async ValueTask DisposeAsync()
    {
        await _edge.DisposeAsync();
        _certificates.Dispose();
        _data.Dispose();
    }

    [Theory]
    [InlineData("2.0")]
    [InlineData("1.1")]
    public async Task Requests_WithACertificateThatIsVerified_AreAnsweredInEitherProtocol(string version)
    {
        using var client = Client(Version.Parse(version));

        using var pixel = await client.GetAsync("/s/demo-ab/pixel.gif?u=tls");
        using var click = await client.GetAsync("/s/demo-ab/click?u=tls");
        using var refused = await client.PostAsync("/v1/track", new StringContent("{}"));

        Assert.Equal((HttpStatusCode.OK, Version.Parse(version)), (pixel.StatusCode, pixel.Version));
        Assert.Equal(43, (await pixel.Content.ReadAsByteArrayAsync()).Length);
        Assert.Equal(HttpStatusCode.Redirect, click.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    /// <summary>What the server would refuse is encoded above the encryption as it is without.</summary>
    [Fact]
    public async Task Requests_WithBytesBeyondAscii_AreAnsweredAsWithoutTls()
    {
        await using var stream = await HandshakeAsync();
        const string Request = "GET /s/demo-ab/pixel.gif?u=Žofie HTTP/1.1\r\nHost: localhost\r\n\r\n";
        await stream.WriteAsync(Encoding.UTF8.GetBytes(Request + Request));

        for (var i = 0; i < 2; i++)
        {
            Assert.StartsWith("HTTP/1.1 200", await HeadAsync(stream), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Handshake_OfTls11_IsRefusedForItsVersion()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_address.Host, _address.Port);

        // Record, handshake "client hello", TLS 1.1, 32 random bytes, no session, two ciphers of that time, no compression.
        byte[] hello = [3, 2, .. new byte[32], 0, 0, 4, 0xc0, 0x14, 0, 0x35, 1, 0];
        await socket.SendAsync((byte[])[0x16, 3, 1, 0, (byte)(hello.Length + 4), 1, 0, 0, (byte)hello.Length, .. hello]);

        var alert = new byte[7];
        await using var stream = new NetworkStream(socket);
        await stream.ReadExactlyAsync(alert);
        // A fatal alert, protocol_version (RFC 5246 section 7.2).
        Assert.Equal([0x15, 2, 70], [alert[0], alert[5], alert[6]]);
    }

    [Fact]
    public async Task Files_Replaced_AreServedToNewConnectionsAndOldOnesGoOn()
    {
        using var client = Client(HttpVersion.Version20);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/s/demo-ab/pixel.gif")).StatusCode);
        Assert.Equal(_serial, await SerialAsync());

        await File.WriteAllTextAsync(KeyFile, "no key");
        _edge.HangUp();
        await Wait.UntilAsync(() => _edge.ErrorSoFar.Contains("\"eventId\":113,", StringComparison.Ordinal), () => _edge.ErrorSoFar);
        Assert.Equal(_serial, await SerialAsync());
        Assert.Contains("tls.keyFile", _edge.ErrorSoFar, StringComparison.Ordinal);

        // Nobody says that these have changed.
        var serial = _certificates.Write(CertificateFile, KeyFile, days: 10);
        await Wait.ForAsync(SerialAsync, seen => seen == serial);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/s/demo-ab/pixel.gif")).StatusCode);
        var expiry = await MetricAsync("edge_tls_certificate_expiry_timestamp_seconds");
        Assert.InRange(
            DateTimeOffset.FromUnixTimeSeconds((long)expiry),
            DateTimeOffset.UtcNow.AddDays(9),
            DateTimeOffset.UtcNow.AddDays(11)
        );
    }

    [Fact]
    public async Task Commands_AskTheServiceByTls_OnThisMachine()
    {
        (string, string)[] settings = [.. Files, ("EDGE__URLS", _address.ToString()), ("EDGE__DATADIR", _data["data"])];

        var configured = await EdgeProcess.RunAsync(["healthcheck"], [.. settings, ("EDGE__ADMINURLS", _admin.ToString())]);
        var named = await EdgeProcess.RunAsync(["healthcheck", "--url", new Uri(_address, "/s/demo-ab/resolve").ToString()]);
        var check = await EdgeProcess.RunAsync(["check"], settings);

        Assert.Equal((0, "ready\n"), (configured.ExitCode, configured.Output));
        Assert.True(named.ExitCode == 0, named.Error);
        Assert.True(check.ExitCode == 0, check.Output);
    }

    [Theory]
    [InlineData("expired", 0, "warning:")]
    [InlineData("encrypted", 1, "is encrypted")]
    [InlineData("missing", 1, "cannot be read")]
    public async Task Check_AndStart_AgreeAboutThePair(string mistake, int exitCode, string expected)
    {
        var other = (Certificate: _data["other.pem"], Key: _data["other-key.pem"]);
        _certificates.Write(other.Certificate, other.Key, mistake == "expired" ? -1 : 30, mistake == "encrypted" ? "secret" : null);
        if (mistake == "missing")
        {
            File.Delete(other.Certificate);
        }

        (string, string)[] settings =
        [
            ("EDGE__TLS__CERTIFICATEFILE", other.Certificate),
            ("EDGE__TLS__KEYFILE", other.Key),
            ("EDGE__DATADIR", _data["other"]),
            ("EDGE__URLS", "https://127.0.0.1:0"),
        ];

        var check = await EdgeProcess.RunAsync(["check"], settings);

        Assert.Equal(exitCode, check.ExitCode);
        Assert.Contains(expected, check.Output, StringComparison.Ordinal);
        if (exitCode == 1)
        {
            var (served, output, error) = await EdgeProcess.RunAsync(["serve"], settings);
            Assert.Equal((1, ""), (served, output));
            Assert.Contains(expected, Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        }
    }

    private HttpClient Client(Version version) =>
        new(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseProxy = false,
                SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = TrustOfRoot() },
                // The certificate is that of localhost; the port is on one of its addresses alone.
                ConnectCallback = async (_, cancellation) => await ConnectAsync(cancellation),
            }
        )
        {
            BaseAddress = new Uri($"https://localhost:{_address.Port}"),
            DefaultRequestVersion = version,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = Wait.Limit,
        };

    /// <summary>Trusts the root alone: the intermediate has to come with the certificate.</summary>
    private X509ChainPolicy TrustOfRoot() =>
        new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { _certificates.Root },
            RevocationMode = X509RevocationMode.NoCheck,
        };

    private async Task<NetworkStream> ConnectAsync(CancellationToken cancellation = default)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_address.Host, _address.Port, cancellation);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private async Task<SslStream> HandshakeAsync()
    {
        var stream = new SslStream(await ConnectAsync());
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = TrustOfRoot() }
        );
        return stream;
    }

    private async Task<string> SerialAsync()
    {
        await using var stream = await HandshakeAsync();
        return ((X509Certificate2)stream.RemoteCertificate!).SerialNumber;
    }

    private static async Task<string> HeadAsync(SslStream stream)
    {
        var head = new StringBuilder();
        var next = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(next);
            head.Append((char)next[0]);
        }

        // The pixel.
        await stream.ReadExactlyAsync(new byte[43]);
        return head.ToString();
    }

    private async Task<double> MetricAsync(string name)
    {
        var page = await _edge.Client.GetStringAsync(new Uri(_admin, "/metrics"));
        var line = page.Split('\n').Single(line => line.StartsWith(name + " ", StringComparison.Ordinal));
        return double.Parse(line[(name.Length + 1)..], CultureInfo.InvariantCulture);
    }
}
