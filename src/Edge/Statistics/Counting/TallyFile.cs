using System.Globalization;
using System.Text.Json;
using Edge.Formats;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Storage;

namespace Edge.Statistics.Counting;

/// <summary>
/// The tally's checkpoint on disk, <c>DATA/tally.json</c>: read once at start, then replaced atomically. A file that
/// cannot be used is set aside as a copy. Not thread safe.
/// </summary>
internal sealed class TallyFile(string directory, UInt128 journalEpochId)
{
    /// <summary>Name within the data directory.</summary>
    public const string Name = "tally.json";

    /// <summary>Name of the copy of a file that could not be used; replaces an earlier copy.</summary>
    public const string SetAsideName = "tally.json.set-aside";

    /// <summary>A damaged file must fail here, not as a null somewhere later.</summary>
    private static readonly StatisticsJson Strict = new(
        new JsonSerializerOptions(StatisticsJson.Default.Options)
        {
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
        }
    );

    private readonly string _path = Path.Combine(directory, Name);

    /// <summary>The identity of the journal as written in the file.</summary>
    public string Journal { get; } = journalEpochId.ToString("x32", CultureInfo.InvariantCulture);

    /// <summary>
    /// Reads the checkpoint. Returns null when there is no usable one; <paramref name="problem"/> is also null when
    /// there is no file. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> on a disk error.
    /// </summary>
    /// <param name="committedSequence">Last event of the journal: a checkpoint cannot be ahead of it.</param>
    /// <param name="take">Applies the state; throws <see cref="InvalidDataException"/> when it is damaged.</param>
    /// <param name="problem">Why the file cannot be used.</param>
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
            var state = Parse(_path);
            problem = ProblemOf(state, committedSequence);
            if (problem is null)
            {
                take(state);
                return state;
            }
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException or OverflowException)
        {
            problem = $"{Name} is damaged: {e.Message.ReplaceLineEndings(" ")}";
        }
        File.Copy(_path, Path.Combine(directory, SetAsideName), overwrite: true);
        return null;
    }

    /// <summary>
    /// The checkpoint, whose service may be running; null when there is none of this journal. Changes nothing. Throws <see cref="IOException"/>, <see cref="UnauthorizedAccessException"/> or
    /// <see cref="InvalidDataException"/> when it cannot be read.
    /// </summary>
    public TallyState? Peek() =>
        File.Exists(_path) && Parse(_path) is { } state && ProblemOf(state, long.MaxValue) is null ? state : null;

    /// <summary>
    /// What is wrong with the stored checkpoint, and whether the service would not start with it; null when nothing is,
    /// or there is none. Changes nothing.
    /// </summary>
    public static (bool IsFatal, string Message)? Problem(string directory)
    {
        var path = Path.Combine(directory, Name);
        try
        {
            return File.Exists(path) && Parse(path).Version != TallyState.CurrentVersion
                ? (false, "is of another version; the counts start over")
                : null;
        }
        catch (InvalidDataException e)
        {
            return (false, $"is damaged, so the counts start over: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (true, e.Message);
        }
    }

    /// <summary>
    /// Replaces the checkpoint; it is durable on return. Throws <see cref="IOException"/> or
    /// <see cref="UnauthorizedAccessException"/> on a disk error, which leaves the old checkpoint in place.
    /// </summary>
    public void Write(TallyState state)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(state, StatisticsJson.Default.TallyState);
        AtomicFile.Write(directory, Name, bytes);
    }

    /// <summary>
    /// Removes a pump cursor that cannot be read or is ahead of the counts, because the pump starts at its cursor and
    /// would skip events. The pump then starts with the oldest event in the journal, and events already counted are
    /// skipped. Returns the reason for removing it, or null.
    /// </summary>
    /// <param name="cursorPath">Path of the pump's cursor.</param>
    /// <param name="counted">Sequence of the last counted event.</param>
    /// <param name="problem">What was wrong with the checkpoint; null when nothing is wrong.</param>
    public string? ReconcileCursor(string cursorPath, long counted, string? problem)
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

    private static TallyState Parse(string path)
    {
        var bytes = JsonProblem.WithoutMark(DiskFile.ReadWhole(path, Array.MaxLength));
        try
        {
            return JsonSerializer.Deserialize(bytes.Span, Strict.TallyState)
                ?? throw new InvalidDataException("it is empty");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException("it " + JsonProblem.Describe(e, bytes.Span), e);
        }
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
