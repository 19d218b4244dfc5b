using Edge.Enrichment.Geo;
using Edge.Journal.Segments;
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

    public void Run()
    {
        findings.Look("clock", CheckClock);
        findings.Look("disk", CheckDisk);
        findings.Look("space", CheckSpace);
        findings.Look("geo database", CheckGeo);
        findings.Look("modes", CheckModes);
        findings.Look("TLS certificate", CheckCertificate);
    }

    private void CheckClock(string subject)
    {
        const string Remedy = "run chrony or systemd-timesyncd on the host: event times, schedules and daily hashes follow it";
        switch (KernelClock.MaxError())
        {
            case null:
                findings.Warn(subject, "nothing keeps it synchronised, as far as the kernel knows", Remedy);
                break;
            case { } error when error > ClockErrorMax:
                findings.Warn(subject, $"may be off by {error.TotalSeconds:0.0} s", Remedy);
                break;
            case { } error:
                findings.Ok(subject, $"is synchronised, off by {error.TotalMilliseconds:0.0} ms at most");
                break;
        }
    }

    /// <summary>Times what a commit costs: a small write that is on the disk when it returns.</summary>
    private void CheckDisk(string subject)
    {
        var directory = DiskDirectory.Nearest(options.DataDir);
        var path = Path.Combine(directory, $".edge-doctor-{Guid.NewGuid():N}");
        try
        {
            var (median, longest) = TimeSyncs(path);
            var finding = $"a sync in {directory} takes {median.TotalMilliseconds:0.0} ms, the longest {longest.TotalMilliseconds:0.0} ms";
            if (median > BadSync)
            {
                findings.Fail(subject, finding, "put dataDir on a local disk; this one is failing, busy or remote");
            }
            else if (median > SlowSync)
            {
                findings.Warn(subject, finding, "requests with ack disk wait that long; put dataDir on a faster disk");
            }
            else
            {
                findings.Ok(subject, finding);
            }
        }
        catch (DiskException e) when (e.IsNoSpace)
        {
            findings.Fail(subject, $"{directory} cannot be written: {e.Message}", "free space there, or raise its quota");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            findings.Fail(subject, $"{directory} cannot be written: {e.Message}", "check its owner, mode and mount");
        }
    }

    private void CheckSpace(string subject)
    {
        var directory = DiskDirectory.Nearest(options.DataDir);
        long free;
        long held;
        try
        {
            free = DiskDirectory.FreeBytes(directory);
            held = JournalBytes();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            findings.Fail(subject, $"of {directory} is not known: {e.Message}", "check its owner, mode and mount");
            return;
        }

        var reserve = options.JournalFreeReserveBytes + (2L * options.JournalSegmentBytes);
        var finding = $"{free >> 20} MiB free, the journal has {held >> 20} MiB and may have {options.JournalMaxBytes >> 20} MiB";
        if (free < reserve)
        {
            findings.Fail(subject, finding, $"make room: below {reserve >> 20} MiB events are refused");
        }
        else if (free + held < options.JournalMaxBytes + reserve)
        {
            findings.Warn(
                subject,
                finding,
                $"the disk is full first: make room, or lower journal.maxBytes to {Math.Max(0, free + held - reserve) >> 20}MiB"
            );
        }
        else
        {
            findings.Ok(subject, finding);
        }
    }

    private void CheckGeo(string subject)
    {
        if (options.GeoDatabase.Length == 0)
        {
            findings.Note(subject, "there is none, so events have no place", "geo.database names one, make geo builds a free one");
        }
        else if (GeoFile.TryLoad(options.GeoDatabase, out var problem) is not { } database)
        {
            findings.Fail(subject, $"{options.GeoDatabase} cannot be used: {problem}", "get the file again");
        }
        else if (time.GetUtcNow() - database.Metadata.BuiltAt is var age && age > GeoAgeMax)
        {
            findings.Warn(subject, $"is {age.TotalDays:0} days old", "look at the job that downloads it");
        }
        else
        {
            findings.Ok(subject, $"{database.Metadata.DatabaseType}, {Math.Max(0, age.TotalDays):0} days old");
        }
    }

    /// <summary>Who may open the secrets: those of the data directory, and files that settings name.</summary>
    private void CheckModes(string subject)
    {
        var isFine = true;
        string[] named =
        [
            options.TlsKeyFile,
            options.AddressSaltFile,
            options.FleetSecretFile,
            options.ApiFirstKeyFile,
            options.AlertsWebhookUrlFile,
            options.AlertsWebhookSecretFile,
            .. options.Sinks.Select(static sink => sink.PasswordFile),
        ];
        foreach (var path in named.Where(static path => path.Length > 0 && File.Exists(path)))
        {
            var mode = File.GetUnixFileMode(path);
            if ((mode & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
            {
                isFine = false;
                findings.Warn(
                    subject,
                    $"{path} has mode {ExposedPath.Octal(mode)}, so every user of the machine may open it",
                    $"chmod o= {path}"
                );
            }
        }

        // Last, because the data directory may be closed to whoever runs this.
        foreach (var exposed in SecretDirectory.FindExposed(options.DataDir, options.KeysFile))
        {
            isFine = false;
            findings.Warn(
                subject,
                $"{exposed.Path} {exposed.Problem}",
                $"chmod {ExposedPath.Octal(exposed.Wanted)} {exposed.Path}"
            );
        }

        if (isFine)
        {
            findings.Ok(subject, "secrets are closed to others");
        }
    }

    private void CheckCertificate(string subject)
    {
        const string Remedy = "renew it; new files are taken without a restart";
        if (options.TlsCertificateFile.Length == 0)
        {
            return;
        }

        var now = time.GetUtcNow();
        var (file, key) = (options.TlsCertificateFile, options.TlsKeyFile);
        if (TlsCertificate.TryLoad(file, key, out var problem) is not { } certificate)
        {
            findings.Fail(subject, problem, "the service does not start with it");
        }
        else if (certificate.ProblemAt(now) is { } invalid)
        {
            findings.Fail(subject, $"{options.TlsCertificateFile} {invalid}", Remedy);
        }
        else if (certificate.ValidUntil - now is var left && left < CertificateDaysMin)
        {
            findings.Warn(subject, $"expires in {left.TotalDays:0.0} days", Remedy);
        }
        else
        {
            findings.Ok(subject, $"is valid for {left.TotalDays:0} days");
        }
    }

    private (TimeSpan Median, TimeSpan Longest) TimeSyncs(string path)
    {
        using var file = DiskFile.CreateNew(path);
        try
        {
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
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Bytes of the journal's segments.</summary>
    private long JournalBytes()
    {
        try
        {
            return new DirectoryInfo(options.JournalDir).EnumerateFiles(SegmentFiles.Pattern).Sum(BytesOf);
        }
        catch (DirectoryNotFoundException)
        {
            return 0;
        }

        // The service may remove one meanwhile.
        static long BytesOf(FileInfo file) => file.Exists ? file.Length : 0;
    }
}
