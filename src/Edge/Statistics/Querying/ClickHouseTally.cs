using System.Globalization;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Forwarding.ClickHouse;
using Edge.Forwarding.Pump;
using Edge.Statistics.Counting;
using Edge.Telemetry;

namespace Edge.Statistics.Querying;

/// <summary>
/// The counts of every experiment with the events of all nodes, asked of ClickHouse: a loop asks about one running
/// experiment after the other, and what was found last is what is read, with its age, however long the server is slow or
/// absent. Days whose events can no longer arrive are counted once and kept; the days after them are counted anew in every
/// round, so an event that comes late still counts. Thread safe.
/// </summary>
/// <remarks>
/// What an experiment has beside its counts is this node's own: the watch for a winner, the weights of past versions, and
/// when recomputations fixed the baselines of its estimate.
/// </remarks>
internal sealed class ClickHouseTally : ITally, IDisposable
{
    /// <summary>Bytes of an answer that are read.</summary>
    private const int AnswerMaxBytes = 16 << 20;

    /// <summary>Time for an answer beyond that of the question on the server.</summary>
    private const int TransferMs = 10_000;

    /// <summary>Units of a stretch that the server may tell apart.</summary>
    private const int UnitsMax = 100_000_000;

    /// <summary>Recomputations that are remembered; the estimate of older trials is in the days that are closed.</summary>
    private const int LooksMax = 20_000;

    /// <summary>A round takes at most one part in this many of the time, as long as counts do not grow too old.</summary>
    private const int RoundShare = 10;

    /// <summary>A pause takes at most one part in this many of the age from which counts are not acted on.</summary>
    private const int LongestPauseShare = 3;

    /// <summary>How old the counts that are kept may get, when nothing else of an experiment changes.</summary>
    private static readonly TimeSpan KeepEvery = TimeSpan.FromHours(1);

    /// <summary>Interval between two searches for files whose experiment is gone.</summary>
    private static readonly TimeSpan TidyInterval = TimeSpan.FromHours(1);

    // Errors that are about one question: too slow, too large, too many rows.
    private static readonly int[] AboutTheQuestion = [158, 159, 160, 191, 241, 307, 396];

    private readonly ClickHouseTallyOptions _options;
    private readonly ClickHouseClient _client;
    private readonly ClickHouseTable _table;
    private readonly CatalogHolder _catalog;
    private readonly QueriedFiles _files;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly SharedBudget _units = new(0);
    private readonly SharedBudget _rows = new(TallyLimits.Default.BreakdownRowsMax);
    private readonly SharedBudget _sketchBytes = new(0);
    private readonly CancellationTokenSource _stop = new();

    // Guards what readers see: the dictionary, the current counters, ages and problems.
    private readonly Lock _lock = new();

    // One writer of files at a time.
    private readonly Lock _fileLock = new();
    private readonly Dictionary<string, QueriedExperiment> _experiments = new(StringComparer.Ordinal);
    private string? _problem = "ClickHouse has not been asked yet";
    private bool _isFailing;
    private bool _isWriteFailing;
    private long? _tidiedAt;
    private Task? _loop;

    private ClickHouseTally(
        ClickHouseTallyOptions options,
        CatalogHolder catalog,
        QueriedFiles files,
        TimeProvider time,
        ILogger log
    )
    {
        _options = options;
        _client = new ClickHouseClient(
            options.Sink with
            {
                Transport = options.Sink.Transport with
                {
                    ResponseMaxBytes = AnswerMaxBytes,
                    RequestTimeoutMs = (options.QuerySeconds * 1_000) + TransferMs,
                    HasTimeoutSettings = false,
                },
            },
            time
        );
        _table = new ClickHouseTallyTables(ClickHouseTable.Of(options.Sink.Table)).Table;
        _catalog = catalog;
        _files = files;
        _time = time;
        _log = log;
    }

    /// <summary>
    /// Age of the oldest counts of a running experiment, seconds; 0 when none is running, infinite when one has no counts.
    /// </summary>
    public double OldestAgeSeconds
    {
        get
        {
            var now = _time.GetUtcNow();
            var oldest = 0.0;
            lock (_lock)
            {
                foreach (var entry in _catalog.Current.Entries)
                {
                    if (entry.IsRunning)
                    {
                        var at = _experiments.GetValueOrDefault(entry.Experiment.Uid)?.At;
                        oldest = Math.Max(oldest, at is null ? double.PositiveInfinity : (now - at.Value).TotalSeconds);
                    }
                }
            }
            return oldest;
        }
    }

    /// <summary>
    /// Opens what is kept; <see cref="Start"/> asks the server. Throws <see cref="IOException"/> or
    /// <see cref="UnauthorizedAccessException"/> when the directory cannot be used.
    /// </summary>
    public static ClickHouseTally Open(
        ClickHouseTallyOptions options,
        CatalogHolder catalog,
        TimeProvider time,
        ILogger log
    ) => new(options, catalog, QueriedFiles.Open(options.Directory, log), time, log);

    public void Start() => _loop = PumpThread.Run("edge-counts", RunAsync);

    /// <summary>Stops what is under way.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        if (_loop is not null)
        {
            await _loop;
        }
    }

    public ExperimentTally? Find(string uid)
    {
        lock (_lock)
        {
            return _experiments.GetValueOrDefault(uid)?.Current?.Copy();
        }
    }

    public VariantTally[] CountsOf(string uid)
    {
        lock (_lock)
        {
            return _experiments.GetValueOrDefault(uid)?.Current?.Counts ?? [];
        }
    }

    public VariantSketches[] SketchesOf(string uid)
    {
        lock (_lock)
        {
            return _experiments.GetValueOrDefault(uid)?.Current?.Sketches ?? [];
        }
    }

    public CountsAge AgeOf(string uid)
    {
        lock (_lock)
        {
            var experiment = _experiments.GetValueOrDefault(uid);
            return new CountsAge(
                experiment?.At,
                experiment?.Problem ?? _problem ?? (experiment?.At is null ? "ClickHouse has not been asked yet" : null)
            );
        }
    }

    public bool IsCurrent(string uid)
    {
        lock (_lock)
        {
            return _experiments.GetValueOrDefault(uid)?.At is { } at && _time.GetUtcNow() - at <= _options.StaleAfter;
        }
    }

    public bool Update<TState>(string uid, ref TState state, ExperimentUpdate<TState> update)
    {
        lock (_lock)
        {
            if (_experiments.GetValueOrDefault(uid) is not { Current: { } counter, At: { } at } experiment)
            {
                return false;
            }
            var epochs = counter.Trials.Epochs;
            experiment.IsDirty |= update(counter, ref state);
            if (counter.Trials.Epochs != epochs)
            {
                // What was counted until then is on one side of the baseline, what comes later on the other.
                experiment.AddLook(at.ToUnixTimeMilliseconds(), LooksMax);
            }
            return true;
        }
    }

    /// <summary>Nothing to wait for: what the server has is counted in rounds.</summary>
    public Task CatchUpAsync(TimeSpan deadline) => Task.CompletedTask;

    public void Keep() => Keep(KeepEvery);

    /// <summary>Asks about every experiment once.</summary>
    public async Task RoundAsync(CancellationToken cancellation)
    {
        var entries = _catalog.Current.Entries;
        foreach (var entry in entries)
        {
            Load(entry.Experiment);
        }
        Forget();
        foreach (var entry in entries)
        {
            if (!WantsCounts(entry))
            {
                continue;
            }
            try
            {
                await RefreshAsync(entry, cancellation);
                Report(null);
            }
            catch (QuestionException e)
            {
                SetProblem(entry.Experiment.Uid, e.Message);
            }
            catch (InvalidDataException e)
            {
                SetProblem(entry.Experiment.Uid, $"{_client.Place} answers wrongly: {e.Message}");
            }
            catch (IOException e)
            {
                // It is the server and not the question, so the others would fare no better.
                Report(e.Message);
                return;
            }
        }
    }

    /// <summary>Writes what has changed.</summary>
    public void Dispose()
    {
        Keep(TimeSpan.Zero);
        _client.Dispose();
        _stop.Dispose();
    }

    /// <summary>Writes what has changed, and counts that are so much newer than those that are kept.</summary>
    private void Keep(TimeSpan every)
    {
        lock (_fileLock)
        {
            try
            {
                foreach (var uid in FindDirty(every))
                {
                    Write(uid);
                }
                _isWriteFailing = false;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Once until it succeeds. What was not written is counted anew after a restart.
                if (!_isWriteFailing)
                {
                    _log.CountsNotWritten(e.Message);
                }
                _isWriteFailing = true;
            }
        }
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var began = _time.GetTimestamp();
            try
            {
                await RoundAsync(_stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                _log.BackgroundFailed(e, "The tally");
            }

            // A long round, such as the first, must not leave what it found to grow old.
            var pause = (RoundShare - 1) * _time.GetElapsedTime(began);
            var longest = _options.StaleAfter / LongestPauseShare;
            pause = pause < longest ? pause : longest;
            pause = pause > _options.RefreshEvery ? pause : _options.RefreshEvery;
            await Task.WhenAny(Task.Delay(pause, _time, _stop.Token));
        }
    }

    /// <summary>
    /// How an experiment is counted: what changes this makes other counts of the same events. The last word is of what
    /// is counted: without it, days that an earlier version closed would lack their units.
    /// </summary>
    private static string RulesOf(Experiment experiment) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{experiment.Type} {experiment.GoalConfig.Type} {experiment.AttributionWindowMinutes} {experiment.TrialStart} units"
        );

    /// <summary>Whether there may be something new: what has ended is asked about until its last day is closed.</summary>
    private bool WantsCounts(CatalogEntry entry)
    {
        lock (_lock)
        {
            var experiment = _experiments[entry.Experiment.Uid];
            return entry.IsRunning
                || experiment.At is not { } at
                || experiment.Rules != RulesOf(entry.Experiment)
                || (
                    entry.Status != ExperimentStatus.Draft
                    && at < ClosedAt(entry.Experiment, DateOnly.FromDateTime(entry.Experiment.UpdatedAt.UtcDateTime))
                );
        }
    }

    /// <summary>When a day is closed: none of its trials is open and its events have arrived.</summary>
    private DateTimeOffset ClosedAt(Experiment experiment, DateOnly day) =>
        new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).AddDays(1)
        + TimeSpan.FromMilliseconds(CountQueries.FinalAfterMs(experiment))
        + _options.LateUpTo;

    private async Task RefreshAsync(CatalogEntry entry, CancellationToken cancellation)
    {
        var experiment = entry.Experiment;
        if (experiment.StableUnits)
        {
            throw new QuestionException(
                "it has stableUnits, whose trials follow each other, and only the tally of a node's own journal can tell them apart"
            );
        }

        var counted = _experiments[experiment.Uid];
        var now = _time.GetUtcNow();
        if (counted.Rules != RulesOf(experiment) || counted.OpenFrom is null)
        {
            var first = await FirstDayAsync(experiment, cancellation);
            var open = FirstOpenDay(experiment, now);
            counted.StartOver(RulesOf(experiment), first < open ? first.Value : open);
        }

        while (now >= ClosedAt(experiment, counted.OpenFrom!.Value))
        {
            var day = counted.OpenFrom.Value;
            var closed = await CountAsync(counted, entry, day, now, cancellation);
            lock (_lock)
            {
                counted.Close(day, closed?.ToState());
            }
            closed?.Forget();
        }

        var looks = counted.Looks.Count;
        var counter = await CountAsync(counted, entry, upTo: null, now, cancellation);
        lock (_lock)
        {
            if (counted.Looks.Count != looks)
            {
                // A recomputation came between: the next round has its baseline.
                counter?.Forget();
                return;
            }
            counted.Take(counter, now);
        }
    }

    /// <summary>The first day at a given time whose events may still arrive.</summary>
    private DateOnly FirstOpenDay(Experiment experiment, DateTimeOffset now)
    {
        var day = DateOnly.FromDateTime(now.UtcDateTime);
        while (now < ClosedAt(experiment, day.AddDays(-1)))
        {
            day = day.AddDays(-1);
        }
        return day;
    }

    private async Task<DateOnly?> FirstDayAsync(Experiment experiment, CancellationToken cancellation)
    {
        var answer = await AskAsync(CountQueries.FirstDay(_table, experiment), cancellation);
        return FirstDay(answer);

        static DateOnly? FirstDay(string answer)
        {
            var rows = new CountRows(answer);
            return rows.Next() ? rows.Day() : null;
        }
    }

    /// <summary>
    /// A counter with what is closed and the days after it up to one, or all of them, each of which is asked for by itself so
    /// that no question needs the memory of two; null when nothing was counted.
    /// </summary>
    private async Task<ExperimentCounter?> CountAsync(
        QueriedExperiment counted,
        CatalogEntry entry,
        DateOnly? upTo,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        var experiment = entry.Experiment;
        ExperimentCounter counter;
        long[] looks;
        lock (_lock)
        {
            counter = counted.Restore(experiment.Uid, _units, _rows, _sketchBytes);
            counter.RecordWeights(entry, entry.WeightsVersion);
            looks = [.. counted.Looks];
        }

        try
        {
            var today = DateOnly.FromDateTime(now.UtcDateTime);
            var last = upTo ?? (today > counted.OpenFrom!.Value ? today : counted.OpenFrom.Value);
            var hasEvents = counted.Closed is not null;
            for (var day = counted.OpenFrom!.Value; day <= last; day = day.AddDays(1))
            {
                // The clock of another node may be a day ahead.
                DateOnly? before = day == last && upTo is null ? null : day.AddDays(1);
                var stretch = await AskStretchAsync(counter, looks, experiment, day, before, now, cancellation);
                if (hasEvents |= stretch.Facts is not null)
                {
                    counter.Add(stretch);
                }
            }
            if (!hasEvents)
            {
                counter.Forget();
                return null;
            }
            return counter;
        }
        catch
        {
            counter.Forget();
            throw;
        }
    }

    private async Task<CountedStretch> AskStretchAsync(
        ExperimentCounter counter,
        long[] looks,
        Experiment experiment,
        DateOnly from,
        DateOnly? before,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        var queries = new CountQueries(_table, experiment, from, before);
        var answers = new CountAnswers(experiment);
        var nowMs = now.ToUnixTimeMilliseconds();
        var hasEvents = answers.ReadFacts(await AskAsync(queries.Facts(), cancellation), out var refusal);
        if (refusal is not null)
        {
            throw new QuestionException(refusal);
        }
        var cuts = new List<EpochCut>();
        if (hasEvents)
        {
            answers.ReadEvents(await AskAsync(queries.Events(), cancellation));
            answers.ReadUnits(await AskAsync(queries.Units(), cancellation));
            cuts = answers.ReadVersions(await AskAsync(queries.Versions(nowMs), cancellation), counter.Trials);
        }
        var (fromMs, beforeMs) = (MsOf(from), before is { } end ? MsOf(end) : long.MaxValue);
        foreach (var look in looks)
        {
            var cut = look - CountQueries.FinalAfterMs(experiment);
            if (cut >= fromMs && cut < beforeMs)
            {
                cuts.Add(new EpochCut(cut, null));
            }
        }
        cuts.Sort(CountAnswers.InOrder);
        var trials = hasEvents
            ? await AskAsync(queries.MatureTrials(nowMs, cuts), cancellation)
            : "";
        answers.ReadTrials(trials, cuts);
        return answers.ToStretch();
    }

    private static long MsOf(DateOnly day) =>
        new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).ToUnixTimeMilliseconds();

    /// <summary>
    /// The answer to a question. Throws <see cref="QuestionException"/> when the server refuses it, and
    /// <see cref="IOException"/> when the server is the problem.
    /// </summary>
    private async Task<string> AskAsync(string question, CancellationToken cancellation)
    {
        // No result is sent before all of it is there, so that no error can follow a success status.
        var settings = string.Create(
            CultureInfo.InvariantCulture,
            $"wait_end_of_query=1&join_use_nulls=0&max_execution_time={_options.QuerySeconds}&max_memory_usage={_options.QueryBytes}&max_rows_to_group_by={UnitsMax}&max_result_rows={CountQueries.RowsMax * CountQueries.Dimensions}"
        );
        var response = await _client.ExecuteAsync(question, cancellation, settings);
        if (ClickHouseResponseClassifier.Classify(response, _options.Sink) is { IsDelivered: false } failed)
        {
            throw ClickHouseResponseClassifier.CodeOf(response) is { } code && Array.IndexOf(AboutTheQuestion, code) >= 0
                ? new QuestionException(failed.Reason!)
                : new IOException(failed.Reason);
        }
        return response.IsCut
            ? throw new InvalidDataException($"an answer has more than {AnswerMaxBytes} bytes")
            : response.Body;
    }

    /// <summary>Takes what is kept of an experiment that is new here.</summary>
    private void Load(Experiment experiment)
    {
        lock (_lock)
        {
            if (_experiments.ContainsKey(experiment.Uid))
            {
                return;
            }
        }

        ExperimentCounter? current = null;
        QueriedState? state = null;
        try
        {
            state = _files.Read(
                experiment.Uid,
                read =>
                {
                    _ = DateOnly.FromDayNumber(read.OpenFrom);
                    Restore(read.Closed)?.Forget();
                    current = Restore(read.Current);
                }
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.CountsNotRead(e.Message);
        }

        var counted = state is null
            ? new QueriedExperiment()
            : new QueriedExperiment(state, current, LooksMax);
        lock (_lock)
        {
            _experiments.Add(experiment.Uid, counted);
        }
    }

    private ExperimentCounter? Restore(ExperimentState? state) =>
        state is null
            ? null
            : ExperimentCounter.FromState(state, TallyLimits.Default, _units, _rows, _sketchBytes);

    /// <summary>Lets go of experiments that are no longer in the catalog.</summary>
    private void Forget()
    {
        var gone = new List<string>();
        lock (_lock)
        {
            foreach (var (uid, counted) in _experiments)
            {
                if (!_catalog.Current.TryFindByUid(uid, out _))
                {
                    counted.Current?.Forget();
                    gone.Add(uid);
                }
            }
            foreach (var uid in gone)
            {
                _experiments.Remove(uid);
            }
        }

        if (_tidiedAt is { } at && _time.GetElapsedTime(at) < TidyInterval)
        {
            return;
        }
        _tidiedAt = _time.GetTimestamp();
        var kept = _time.GetUtcNow().AddDays(-TallyLimits.MissingKeptDays);
        _files.RemoveUnless(uid => _catalog.Current.TryFindByUid(uid, out _), kept);
    }

    private void SetProblem(string uid, string problem)
    {
        lock (_lock)
        {
            if (_experiments[uid].Problem != problem)
            {
                _log.ExperimentNotCounted(uid, problem);
            }
            _experiments[uid].Problem = problem;
        }
    }

    /// <summary>Says once that the server has failed, and once that it answers again.</summary>
    private void Report(string? problem)
    {
        lock (_lock)
        {
            _problem = problem;
        }
        if (problem is not null && !_isFailing)
        {
            _log.CountsNotRead(problem);
        }
        else if (problem is null && _isFailing)
        {
            _log.CountsReadAgain(_client.Place);
        }
        _isFailing = problem is not null;
    }

    private List<string> FindDirty(TimeSpan every)
    {
        var dirty = new List<string>();
        lock (_lock)
        {
            foreach (var (uid, counted) in _experiments)
            {
                var isNewer = counted.At is { } at && (counted.KeptAt is not { } kept || at - kept > every);
                if (counted.OpenFrom is not null && (counted.IsDirty || isNewer))
                {
                    dirty.Add(uid);
                }
            }
        }
        return dirty;
    }

    private void Write(string uid)
    {
        QueriedExperiment counted;
        QueriedState state;
        lock (_lock)
        {
            if (!_experiments.TryGetValue(uid, out counted!))
            {
                return;
            }
            state = counted.ToState();
            counted.IsDirty = false;
        }

        try
        {
            _files.Write(uid, state);
        }
        catch
        {
            lock (_lock)
            {
                counted.IsDirty = true;
            }
            throw;
        }

        lock (_lock)
        {
            counted.KeptAt = state.At;
        }
    }

    /// <summary>The server answers, and will not answer this question.</summary>
    private sealed class QuestionException(string message) : Exception(message);
}

/// <summary>Where experiments are counted, and the limits of it.</summary>
internal sealed record ClickHouseTallyOptions
{
    /// <summary>Directory of the files, <c>DATA/counts</c>.</summary>
    public required string Directory { get; init; }

    /// <summary>The sink whose table has the events.</summary>
    public required ClickHouseSinkOptions Sink { get; init; }

    public required TimeSpan RefreshEvery { get; init; }

    /// <summary>Age from which counts are not acted on.</summary>
    public required TimeSpan StaleAfter { get; init; }

    /// <summary>How late events may arrive.</summary>
    public required TimeSpan LateUpTo { get; init; }

    /// <summary>Longest time of one question on the server.</summary>
    public required int QuerySeconds { get; init; }

    /// <summary>Most memory of one question on the server.</summary>
    public required long QueryBytes { get; init; }
}
