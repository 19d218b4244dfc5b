using System.Globalization;
using System.Text.Json;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Storage;

namespace Edge.Statistics.Counting;

/// <summary>
/// The tally's checkpoint on the disk, <c>DATA/tally.json</c>: read once at the start, replaced atomically afterwards.
/// A file that is of no use is copied aside, never deleted. Not thread safe.
/// </summary>
internal sealed class TallyFile(string directory, UInt128 journalEpochId)
{
    /// <summary>Name within the data directory.</summary>
    public const string Name = "tally.json";

    /// <summary>Where a file that could not be used is copied; the one before is replaced.</summary>
    public const string SetAsideName = "tally.json.set-aside";

    /// <summary>A damaged file shall be an answer here, not a null somewhere later.</summary>
    private static readonly StatisticsJson Strict = new(
        new JsonSerializerOptions(StatisticsJson.Default.Options)
        {
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
        }
    );

    private readonly string _path = Path.Combine(directory, Name);

    /// <summary>The identity of the journal as the file has it.</summary>
    public string Journal { get; } = journalEpochId.ToString("x32", CultureInfo.InvariantCulture);

    /// <summary>
    /// Reads the checkpoint. Null when there is none that can be used; <paramref name="problem"/> is null too when
    /// there is none at all. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when the
    /// disk refuses.
    /// </summary>
    /// <param name="committedSequence">Last event of the journal: a checkpoint cannot be ahead of it.</param>
    /// <param name="take">Builds what the caller makes of the state; throws <see cref="InvalidDataException"/>.</param>
    /// <param name="problem">Why the file is of no use, in words.</param>
    public TallyState? Read(long committedSequence, Action<TallyState> take, out string? problem)
    {
        problem = null;
        AtomicFile.DeleteUnfinished(directory);
        if (!File.Exists(_path))
        {
            return null;
        }
        try
        {
            var state =
                JsonSerializer.Deserialize(File.ReadAllBytes(_path), Strict.TallyState)
                ?? throw new InvalidDataException("it holds nothing");
            problem = ProblemOf(state, committedSequence);
            if (problem is null)
            {
                take(state);
                return state;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or ArgumentException or OverflowException)
        {
            problem = $"{Name} is damaged: {e.Message.ReplaceLineEndings(" ")}";
        }
        File.Copy(_path, Path.Combine(directory, SetAsideName), overwrite: true);
        return null;
    }

    /// <summary>
    /// Replaces the checkpoint; it is durable on return. Throws <see cref="IOException"/> or
    /// <see cref="UnauthorizedAccessException"/> when the disk refuses; the old one is still there then.
    /// </summary>
    public void Write(TallyState state) =>
        AtomicFile.Write(directory, Name, JsonSerializer.SerializeToUtf8Bytes(state, StatisticsJson.Default.TallyState));

    /// <summary>
    /// The pump begins at its cursor. One that is ahead of the counts, or of no use, would leave events out, so it is
    /// removed, and the pump begins with the oldest event the journal holds; what is counted is passed over. Returns
    /// why that had to be, else null.
    /// </summary>
    /// <param name="cursorPath">The pump's cursor.</param>
    /// <param name="counted">Last event that is counted.</param>
    /// <param name="problem">What was wrong with the checkpoint; null when nothing was.</param>
    public string? FitCursor(string cursorPath, long counted, string? problem)
    {
        if (!File.Exists(cursorPath))
        {
            return problem;
        }
        problem ??= ProblemOfCursor(cursorPath, counted);
        if (problem is not null)
        {
            File.Delete(cursorPath);
        }
        return problem;
    }

    private string? ProblemOfCursor(string cursorPath, long counted)
    {
        try
        {
            using var cursor = CursorFile.Open(cursorPath, journalEpochId);
            var taken = cursor.Value.Cursor.Sequence;
            return taken <= counted ? null
                : counted == 0 ? $"{Name} is missing"
                : $"{Name} is older than its cursor: it has counted {counted} events of {taken}";
        }
        catch (JournalException e)
        {
            return e.Message;
        }
    }

    private string? ProblemOf(TallyState state, long committedSequence)
    {
        if (state.Version != TallyState.CurrentVersion)
        {
            return $"{Name} has version {state.Version}, not {TallyState.CurrentVersion}";
        }
        if (state.Journal != Journal)
        {
            return $"{Name} belongs to another journal";
        }
        return state.Sequence > committedSequence
            ? $"{Name} has counted {state.Sequence} events of a journal that has {committedSequence}"
            : null;
    }
}
