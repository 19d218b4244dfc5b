using Edge.Enrichment.Geo;
using Edge.Machine;
using Edge.Settings;
using Edge.Storage;
using Edge.Transport;

namespace Edge.Commands.Doctor;

/// <summary>What the machine and its files give: clock, disk, space, geo database, modes, certificate.</summary>
internal sealed class MachineChecks(EdgeOptions options, TimeProvider time, Findings findings)
{
    /// <summary>Writes that are timed; the time is bounded as well.</summary>
    private const int Syncs = 50;

    private const int SyncBytes = 4 << 10;
    private static readonly TimeSpan SyncsTime = TimeSpan.FromSeconds(3);

    /// <summary>A commit that takes longer makes requests that wait for it slow.</summary>
    private static readonly TimeSpan SlowSync = TimeSpan.FromMilliseconds(20);

    /// <summary>The alert <c>EdgeCommitSlow</c> begins here.</summary>
    private static readonly TimeSpan BadSync = TimeSpan.FromMilliseconds(250);

    /// <summary>From here on the clock is not what schedules and other nodes rely on.</summary>
    private static readonly TimeSpan ClockErrorMax = TimeSpan.FromSeconds(1);

    /// <summary>The alerts <c>EdgeGeoStale</c> and <c>EdgeCertificateExpires</c> begin here.</summary>
    private static readonly TimeSpan GeoAgeMax = TimeSpan.FromDays(45);
    private static readonly TimeSpan CertificateDaysMin = TimeSpan.FromDays(14);

    public void CheckClock()
    {
        const string Subject = "clock";
        const string Remedy = "run chrony or systemd-timesyncd on the host: event times, schedules and daily hashes follow it";
        switch (KernelClock.MaxError())
        {
            case null:
                findings.Warn(Subject, "nothing keeps it synchronised, as far as the kernel knows", Remedy);
                break;
            case { } error when error > ClockErrorMax:
                findings.Warn(Subject, $"may be off by {error.TotalSeconds:0.0} s", Remedy);
                break;
            case { } error:
                findings.Ok(Subject, $"is synchronised, off by {error.TotalMilliseconds:0.0} ms at most");
                break;
        }
    }

    /// <summary>Times what a commit costs: a small write that is on the disk when it returns.</summary>
    public void CheckDisk()
    {
        const string Subject = "disk";
        var directory = ExistingPart(Data);
        var path = Path.Combine(directory, $".edge-doctor-{Guid.NewGuid():N}");
        try
        {
            var (median, longest) = TimeSyncs(path);
            var finding = $"a sync in {directory} takes {median.TotalMilliseconds:0.0} ms, the longest {longest.TotalMilliseconds:0.0} ms";
            if (median > BadSync)
            {
                findings.Fail(Subject, finding, "put dataDir on a local disk; this one is failing, busy or remote");
            }
            else if (median > SlowSync)
            {
                findings.Warn(Subject, finding, "requests with ack disk wait that long; put dataDir on a faster disk");
            }
            else
            {
                findings.Ok(Subject, finding);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            findings.Fail(Subject, $"{directory} cannot be written: {e.Message}", "check its owner, mode and mount");
        }
        finally
        {
            File.Delete(path);
        }
    }

    public void CheckSpace()
    {
        const string Subject = "space";
        var directory = ExistingPart(Data);
        long free;
        try
        {
            free = DiskDirectory.FreeBytes(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            findings.Fail(Subject, $"of {directory} is not known: {e.Message}", "check its mount");
            return;
        }

        var held = Directory.Exists(options.JournalDir)
            ? new DirectoryInfo(options.JournalDir).EnumerateFiles("segment-*").Sum(static file => file.Length)
            : 0;
        var reserve = options.JournalFreeReserveBytes + (2L * options.JournalSegmentBytes);
        var finding = $"{free >> 20} MiB free, the journal has {held >> 20} MiB and may have {options.JournalMaxBytes >> 20} MiB";
        if (free < reserve)
        {
            findings.Fail(Subject, finding, $"make room: below {reserve >> 20} MiB events are refused");
        }
        else if (free + held < options.JournalMaxBytes + reserve)
        {
            findings.Warn(
                Subject,
                finding,
                $"the disk is full first: make room, or lower journal.maxBytes to {Math.Max(0, free + held - reserve) >> 20}MiB"
            );
        }
        else
        {
            findings.Ok(Subject, finding);
        }
    }

    public void CheckGeo()
    {
        const string Subject = "geo database";
        if (options.GeoDatabase.Length == 0)
        {
            findings.Note(Subject, "there is none, so events have no place", "geo.database names one, make geo builds a free one");
        }
        else if (GeoFile.TryLoad(options.GeoDatabase, out var problem) is not { } database)
        {
            findings.Fail(Subject, $"{options.GeoDatabase} cannot be used: {problem}", "get the file again");
        }
        else if (time.GetUtcNow() - database.Metadata.BuiltAt is var age && age > GeoAgeMax)
        {
            findings.Warn(Subject, $"is {age.TotalDays:0} days old", "look at the job that downloads it");
        }
        else
        {
            findings.Ok(Subject, $"{database.Metadata.DatabaseType}, {Math.Max(0, age.TotalDays):0} days old");
        }
    }

    /// <summary>Who may open the secrets: those of the data directory, and files that settings name.</summary>
    public void CheckModes()
    {
        const string Subject = "modes";
        var isFine = true;
        foreach (var exposed in SecretDirectory.FindExposed(options.DataDir, options.KeysFile))
        {
            isFine = false;
            findings.Warn(
                Subject,
                $"{exposed.Path} has mode {ExposedPath.Octal(exposed.Mode)}, so others than its owner may open it",
                $"chmod {ExposedPath.Octal(exposed.Wanted)} {exposed.Path}"
            );
        }

        string[] named =
        [
            options.TlsKeyFile,
            options.AddressSaltFile,
            options.ApiFirstKeyFile,
            .. options.Sinks.Select(static sink => sink.PasswordFile),
        ];
        foreach (var path in named.Where(static path => path.Length > 0 && File.Exists(path)))
        {
            var mode = File.GetUnixFileMode(path);
            if ((mode & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
            {
                isFine = false;
                findings.Warn(
                    Subject,
                    $"{path} has mode {ExposedPath.Octal(mode)}, so every user of the machine may open it",
                    $"chmod o= {path}"
                );
            }
        }

        if (isFine)
        {
            findings.Ok(Subject, "secrets are closed to others");
        }
    }

    public void CheckCertificate()
    {
        const string Subject = "TLS certificate";
        const string Remedy = "renew it; new files are taken without a restart";
        if (options.TlsCertificateFile.Length == 0)
        {
            return;
        }

        var now = time.GetUtcNow();
        var (file, key) = (options.TlsCertificateFile, options.TlsKeyFile);
        if (TlsCertificate.TryLoad(file, key, out var problem) is not { } certificate)
        {
            findings.Fail(Subject, problem, "the service does not start with it");
        }
        else if (certificate.ProblemAt(now) is { } invalid)
        {
            findings.Fail(Subject, $"{options.TlsCertificateFile} {invalid}", Remedy);
        }
        else if (certificate.ValidUntil - now is var left && left < CertificateDaysMin)
        {
            findings.Warn(Subject, $"expires in {left.TotalDays:0.0} days", Remedy);
        }
        else
        {
            findings.Ok(Subject, $"is valid for {left.TotalDays:0} days");
        }
    }

    private string Data => Path.GetFullPath(options.DataDir);

    private (TimeSpan Median, TimeSpan Longest) TimeSyncs(string path)
    {
        using var file = DiskFile.CreateNew(path);
        var block = new byte[SyncBytes];
        var times = new List<TimeSpan>(Syncs);
        var began = time.GetTimestamp();
        while (times.Count < Syncs && (times.Count == 0 || time.GetElapsedTime(began) < SyncsTime))
        {
            var since = time.GetTimestamp();
            file.Write(block, (long)times.Count * SyncBytes);
            file.SyncData();
            times.Add(time.GetElapsedTime(since));
        }

        times.Sort();
        return (times[times.Count / 2], times[^1]);
    }

    /// <summary>The directory, or the nearest one above it that is there.</summary>
    private static string ExistingPart(string directory)
    {
        while (!Directory.Exists(directory) && Path.GetDirectoryName(directory) is { } parent)
        {
            directory = parent;
        }

        return directory;
    }
}
