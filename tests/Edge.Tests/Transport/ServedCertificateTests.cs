using Edge.Tests.Support;
using Edge.Transport;
using Xunit;

namespace Edge.Tests.Transport;

/// <summary>
/// The pair of files under the service: replaced as a whole, half, and by something that cannot be used.
/// </summary>
public sealed class ServedCertificateTests : IDisposable
{
    private const int Taken = 112;
    private const int Refused = 113;
    private const int Invalid = 114;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly TempDirectory _directory = new();
    private readonly TestCertificates _certificates = new();
    private readonly TestClock _clock = new(DateTimeOffset.UtcNow);
    private readonly LogLines _log = new();

    private string CertificateFile => _directory["certificate.pem"];

    private string KeyFile => _directory["key.pem"];

    public void Dispose()
    {
        _certificates.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Files_ReplacedOneAfterTheOther_AreTakenWhenTheyLieStill()
    {
        _certificates.Write(CertificateFile, KeyFile);
        using var served = Open();
        var first = served.Current;

        _certificates.Write(CertificateFile, _directory["new-key.pem"]);
        _clock.Advance(Look);
        File.Move(_directory["new-key.pem"], KeyFile, overwrite: true);
        _clock.Advance(Look);
        Assert.Same(first, served.Current);
        _clock.Advance(Look);

        Assert.NotSame(first, served.Current);
        Assert.Equal([Taken, Taken], _log.Ids);
    }

    [Fact]
    public void Files_ThatCannotBeUsed_AreReportedOnceAndLeaveTheOldPairInUse()
    {
        _certificates.Write(CertificateFile, KeyFile);
        using var served = Open();
        var first = served.Current;

        File.WriteAllText(KeyFile, "no key");
        for (var i = 0; i < 5; i++)
        {
            _clock.Advance(Look);
        }

        Assert.Same(first, served.Current);
        Assert.Equal([Taken, Refused], _log.Ids);
        _certificates.Write(CertificateFile, KeyFile);
        served.Reload();
        Assert.NotSame(first, served.Current);
        Assert.Equal([Taken, Refused, Taken], _log.Ids);
    }

    [Fact]
    public void Certificate_Expired_IsServedAndReported()
    {
        _certificates.Write(CertificateFile, KeyFile, days: -1);

        using var served = Open();

        Assert.Equal([Taken, Invalid], _log.Ids);
    }

    [Fact]
    public void Files_AtTheStartUnusable_AreRefused()
    {
        var e = Assert.Throws<CertificateException>(Open);

        Assert.Contains("tls.certificateFile", e.Message, StringComparison.Ordinal);
    }

    private ServedCertificate Open()
    {
        var served = ServedCertificate.Open(CertificateFile, KeyFile, _clock, _log);
        served.StartWatching();
        return served;
    }
}
