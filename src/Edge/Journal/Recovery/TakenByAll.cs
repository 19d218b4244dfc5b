using Edge.Journal.Records;
using Edge.Storage;

namespace Edge.Journal.Recovery;

/// <summary>How far everybody has durably taken a journal that is not open, by the cursor files beside it.</summary>
/// <param name="Address">Nothing before it is needed by anybody; at most the end of what is committed.</param>
/// <param name="Slowest">The sink that stands there; null when nobody needs anything.</param>
internal readonly record struct TakenByAll(long Address, string? Slowest)
{
    /// <summary>
    /// Reads every cursor but those of <see cref="JournalOptions.Onlookers"/>, those of sinks without settings too. One of
    /// the <see cref="JournalOptions.Readers"/> without a cursor has taken nothing. Throws <see cref="JournalException"/>
    /// when a cursor cannot be used.
    /// </summary>
    public static TakenByAll Of(JournalOptions options, UInt128 epochId, long committed)
    {
        var taken = new TakenByAll(committed, null);
        var sinks = Names(options.CursorDirectory).Except(options.Onlookers, StringComparer.Ordinal);
        foreach (var sink in sinks.Union(options.Readers, StringComparer.Ordinal))
        {
            var at = AddressOf(Path.Combine(options.CursorDirectory, sink), epochId);
            if (at < taken.Address)
            {
                taken = new TakenByAll(at, sink);
            }
        }

        return taken;
    }

    /// <summary>Names of the sinks that have a cursor.</summary>
    public static IEnumerable<string> Names(string cursorDirectory) =>
        Directory.Exists(cursorDirectory)
            ? Directory
                .EnumerateFiles(cursorDirectory)
                .Select(path => Path.GetFileName(path))
                .Where(name => !name.EndsWith(AtomicFile.NewSuffix, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
            : [];

    private static long AddressOf(string path, UInt128 epochId)
    {
        if (!File.Exists(path))
        {
            return 0;
        }

        using var cursor = CursorFile.OpenRead(path, epochId);
        return cursor.Value.Cursor.Address;
    }
}
