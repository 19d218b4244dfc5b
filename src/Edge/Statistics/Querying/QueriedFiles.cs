using System.Text.Json;
using Edge.Formats;
using Edge.Statistics.Counting;
using Edge.Statistics.Optimization;
using Edge.Storage;

namespace Edge.Statistics.Querying;

/// <summary>
/// What is kept of the counts of one experiment that come from elsewhere, one file each in <c>DATA/counts</c>: the days
/// that are closed, the last good counts, and what this node alone knows. Without its file an experiment is counted anew,
/// with other baselines of its estimate and without what the watch for a winner had seen.
/// </summary>
internal sealed record QueriedState
{
    /// <summary>The version that is written.</summary>
    public const int CurrentVersion = 1;

    public required int Version { get; init; }

    /// <summary>How it was counted (<see cref="ClickHouseTally"/>); with another goal or window it is counted anew.</summary>
    public required string Rules { get; init; }

    /// <summary>First day that is not closed, in days since 0001-01-01.</summary>
    public required int OpenFrom { get; init; }

    /// <summary>Counts of the days before; null for none.</summary>
    public ExperimentState? Closed { get; init; }

    /// <summary>The last good counts; null for none.</summary>
    public ExperimentState? Current { get; init; }

    /// <summary>The moment they are as of; null before the first.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>When recomputations fixed baselines, as of which counts: milliseconds since 1970 UTC, ascending.</summary>
    public required IReadOnlyList<long> Looks { get; init; }

    public required WinnerWatch Watch { get; init; }

    public required IReadOnlyList<VersionWeights> Weights { get; init; }
}

/// <summary>The files of <see cref="QueriedState"/>. Failures of the disk are <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</summary>
internal sealed class QueriedFiles
{
    private const string SetAsideSuffix = ".set-aside";

    /// <summary>Longest file that is read: a full series of a hundred variants is a few megabytes.</summary>
    private const int FileMaxBytes = 64 << 20;

    /// <summary>A damaged file must fail here, not as a null somewhere later.</summary>
    private static readonly StatisticsJson Strict = new(
        new JsonSerializerOptions(StatisticsJson.Default.Options)
        {
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
        }
    );

    private readonly string _directory;
    private readonly ILogger _log;

    private QueriedFiles(string directory, ILogger log)
    {
        _directory = directory;
        _log = log;
    }

    /// <summary>Creates the directory when it is missing.</summary>
    public static QueriedFiles Open(string directory, ILogger log)
    {
        DiskDirectory.CreateDurably(directory);
        AtomicFile.DeleteUnfinished(directory);
        return new QueriedFiles(directory, log);
    }

    /// <summary>What is kept of an experiment; null for nothing, or nothing that can be used, which is set aside.</summary>
    /// <param name="uid">The experiment.</param>
    /// <param name="check">Throws <see cref="InvalidDataException"/> when the state is damaged.</param>
    public QueriedState? Read(string uid, Action<QueriedState> check)
    {
        var path = Path.Combine(_directory, uid);
        try
        {
            var bytes = JsonProblem.WithoutMark(DiskFile.ReadWhole(path, FileMaxBytes));
            var state =
                JsonSerializer.Deserialize(bytes.Span, Strict.QueriedState)
                ?? throw new InvalidDataException("it is empty");
            if (state.Version != QueriedState.CurrentVersion)
            {
                throw new InvalidDataException($"it has version {state.Version}, not {QueriedState.CurrentVersion}");
            }

            check(state);
            return state;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or ArgumentException or OverflowException)
        {
            DiskDirectory.Rename(path, path + SetAsideSuffix);
            _log.CountsStartOver(uid, e.Message.ReplaceLineEndings(" "));
            return null;
        }
    }

    /// <summary>Replaces what is kept; on disk when this returns.</summary>
    public void Write(string uid, QueriedState state) =>
        AtomicFile.Write(_directory, uid, JsonSerializer.SerializeToUtf8Bytes(state, StatisticsJson.Default.QueriedState));

    /// <summary>Removes what is kept of experiments that nobody knows any more, and of which nothing was written for a while.</summary>
    public void RemoveUnless(Predicate<string> isKnown, DateTimeOffset writtenSince)
    {
        foreach (var path in Directory.GetFiles(_directory))
        {
            var name = Path.GetFileName(path);
            var uid = name.EndsWith(SetAsideSuffix, StringComparison.Ordinal) ? name[..^SetAsideSuffix.Length] : name;
            if (!name.StartsWith('.') && !isKnown(uid) && File.GetLastWriteTimeUtc(path) < writtenSince.UtcDateTime)
            {
                File.Delete(path);
            }
        }
    }
}
