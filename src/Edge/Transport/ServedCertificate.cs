using Edge.Storage;
using Edge.Telemetry;

namespace Edge.Transport;

/// <summary>The certificate that TLS listeners would begin with cannot be used.</summary>
/// <param name="problem">Why, in the words of the settings.</param>
internal sealed class CertificateException(string problem) : Exception(problem);

/// <summary>
/// The certificate that TLS listeners show. Follows its two files: a new pair that has lain still between two looks
/// takes the place of the present one, for connections from then on; one that cannot be used is reported once and
/// leaves the present one in use. The files are looked at rather than watched, because secrets of Kubernetes and
/// certbot's change behind symbolic links. Thread safe.
/// </summary>
internal sealed class ServedCertificate : IDisposable
{
    private const int PollIntervalMs = 1_000;

    private readonly string _certificateFile;
    private readonly string _keyFile;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _refreshing = new();
    private volatile TlsCertificate _current;
    private Pair _tried;
    private Pair _seen;
    private Watch? _watch;

    private ServedCertificate(string certificateFile, string keyFile, TimeProvider time, ILogger log)
    {
        _certificateFile = certificateFile;
        _keyFile = keyFile;
        _time = time;
        _log = log;
        _seen = _tried = Look();
        _current =
            TlsCertificate.TryLoad(certificateFile, keyFile, out var problem) ?? throw new CertificateException(problem);
        Report();
    }

    /// <summary>The certificate for the next connection.</summary>
    public TlsCertificate Current => _current;

    /// <summary>Loads the pair; throws <see cref="CertificateException"/> when it cannot be used.</summary>
    public static ServedCertificate Open(string certificateFile, string keyFile, TimeProvider time, ILogger log) =>
        new(certificateFile, keyFile, time, log);

    /// <summary>Begins to follow the files; called once.</summary>
    public void StartWatching() =>
        _watch = new Watch(_time, PollIntervalMs, Refresh, e => _log.BackgroundFailed(e, "Reading the TLS certificate"));

    /// <summary>Takes the pair when it has changed and then kept still since the look before.</summary>
    public void Refresh()
    {
        lock (_refreshing)
        {
            var pair = Look();
            var isStill = pair == _seen;
            _seen = pair;
            if (isStill && pair != _tried)
            {
                Load(pair);
            }
        }
    }

    /// <summary>Takes the pair as it is now.</summary>
    public void Reload()
    {
        lock (_refreshing)
        {
            Load(Look());
        }
    }

    public void Dispose() => _watch?.Dispose();

    private Pair Look() => new(FileStamp.Of(_certificateFile), FileStamp.Of(_keyFile));

    private void Load(Pair pair)
    {
        // Remembered before reading: files that change meanwhile are seen the next time, and bad ones reported once.
        _tried = pair;
        if (TlsCertificate.TryLoad(_certificateFile, _keyFile, out var problem) is { } certificate)
        {
            _current = certificate;
            Report();
        }
        else
        {
            _log.CertificateRefused(problem);
        }
    }

    private void Report()
    {
        _log.CertificateTaken(_certificateFile, _current.ValidUntil);
        if (_current.ProblemAt(_time.GetUtcNow()) is { } problem)
        {
            _log.CertificateInvalid(_certificateFile, problem);
        }
    }

    private readonly record struct Pair(FileStamp Certificate, FileStamp Key);
}
