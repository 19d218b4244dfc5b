using Edge.Access;
using Edge.Alerts;
using Edge.Audit;
using Edge.Enrichment.Hashing;
using Edge.Forwarding.Files;
using Edge.Journal.Recovery;
using Edge.Journal.Segments;
using Edge.Settings;
using Edge.Statistics.Counting;
using Edge.Storage;

namespace Edge.Commands;

/// <summary>
/// What stands in the data directory where the service keeps something of another kind: a directory in place of a file,
/// which nothing replaces, or a file in place of a directory. Looks at names alone, so it may run beside the service.
/// </summary>
internal static class DataPlaces
{
    /// <summary>Why the paths cannot be used, each with its path.</summary>
    public static IEnumerable<(string Path, string Problem)> FindWrong(EdgeOptions options)
    {
        foreach (var path in Directories(options).Where(File.Exists))
        {
            yield return (path, "is a file where the service keeps a directory; move it away");
        }

        foreach (var path in Files(options).Where(Directory.Exists))
        {
            yield return (path, "is a directory where the service keeps a file; move it away");
        }
    }

    /// <summary>The directories that the service makes and writes.</summary>
    public static IEnumerable<string> Directories(EdgeOptions options) =>
        [
            options.DataDir,
            options.ExperimentsDir,
            options.FleetDir,
            options.StoreDir,
            options.JournalDir,
            Path.Combine(options.JournalDir, "quarantine"),
            options.CursorsDir,
            options.RecomputationsDir,
            options.CountsDir,
            SecretDirectory.PathIn(options.DataDir),
            options.DeadLettersDir,
            options.ForwardedDir,
            Path.Combine(options.DataDir, "intents"),
            Path.Combine(options.DataDir, "paused"),
        ];

    /// <summary>Files by name, and whatever stands where only files belong.</summary>
    private static IEnumerable<string> Files(EdgeOptions options) =>
        [
            options.KeysFile + ".lock",
            AddressSalt.PathIn(options.DataDir),
            RatchetFile.PathIn(options.DataDir),
            Path.Combine(options.DataDir, AuditLog.Name),
            Path.Combine(options.DataDir, AuditLog.Name + ".1"),
            Path.Combine(options.DataDir, ShareTable.Name),
            Path.Combine(options.DataDir, ShareTable.SetAsideName),
            Path.Combine(options.DataDir, AlertBook.Name),
            Path.Combine(options.DataDir, AlertBook.SetAsideName),
            Path.Combine(options.DataDir, TallyFile.Name),
            Path.Combine(options.DataDir, TallyFile.SetAsideName),
            .. In(options.FleetDir, "*"),
            .. In(options.StoreDir, "*"),
            .. In(options.CursorsDir, "*"),
            .. In(options.RecomputationsDir, "*"),
            .. In(options.CountsDir, "*"),
            .. In(Path.Combine(options.DataDir, "intents"), "*"),
            .. In(Path.Combine(options.DataDir, "paused"), "*"),
            Path.Combine(options.JournalDir, JournalManifest.FileName),
            Path.Combine(options.JournalDir, JournalLock.FileName),
            .. In(options.JournalDir, SegmentFiles.Pattern),
            .. In(options.DeadLettersDir, "*.lock"),
            .. In(options.ForwardedDir, ".position"),
            .. In(options.ForwardedDir, ForwardedLock.FileName),
            .. In(options.ForwardedDir, "*").Select(path => Path.Combine(path, ".position")),
            .. In(options.ForwardedDir, "*").Select(path => Path.Combine(path, ForwardedLock.FileName)),
        ];

    private static string[] In(string directory, string pattern) =>
        Directory.Exists(directory) ? Directory.GetDirectories(directory, pattern) : [];
}
