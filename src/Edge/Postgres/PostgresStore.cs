using System.Globalization;
using System.Text;
using Edge.Access;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Formats;
using Npgsql;

namespace Edge.Postgres;

/// <summary>
/// PostgreSQL as the store, for any number of nodes side by side. What requests read is in memory and stays there while
/// the server is away; a copy on disk serves a start without it. A thread of its own follows the changes of other nodes:
/// it listens, and looks at an interval in case nothing is told. A write is a conditional update of the revision that this
/// node has last seen, so of two nodes that change the same version one is told <see cref="ExperimentWriteResult.Stale"/>.
/// Thread safe; readers take no lock.
/// </summary>
internal sealed class PostgresStore : IExperimentStore
{
    /// <summary>Pause between two attempts to reach the server, milliseconds.</summary>
    private const int RetryMs = 1_000;

    /// <summary>Longest wait for a notification at once, milliseconds: so soon the thread sees what it is asked for.</summary>
    private const int SliceMs = 250;

    /// <summary>Shortest time between two copies, milliseconds: a thousand changes in a row are no thousand copies.</summary>
    private const int CopyIntervalMs = 1_000;

    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(2);

    private readonly StoreConnection _connection;
    private readonly ExperimentRules _rules;
    private readonly KeyRing _ring;
    private readonly StoreCopy _copy;
    private readonly int _pollMs;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    /// <summary>Guards what follows, and is held while the catalog is swapped.</summary>
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Row> _rows = new(StringComparer.Ordinal);
    private readonly ManualResetEventSlim _wake = new();
    private readonly Thread _thread;
    private IReadOnlyList<ApiKey> _keys = [];
    private string _id = "";
    private long _seen;
    private long _writes;
    private string _keysSeen = "";
    private volatile IReadOnlyList<ExperimentFileProblem> _problems = [];
    private volatile bool _isStopping;
    private volatile bool _isLeader;
    private volatile bool _isCopyDue;
    private long _copiedAt;
    private string? _copyProblem;
    private string? _keyProblem;

    private PostgresStore(
        StoreConnection connection,
        ExperimentRules rules,
        KeyRing ring,
        StoreCopy copy,
        int pollMs,
        TimeProvider time,
        ILogger log
    )
    {
        _connection = connection;
        (Keys, Audit) = (new PostgresKeys(connection), new PostgresAudit(connection));
        _rules = rules;
        _ring = ring;
        _copy = copy;
        _pollMs = pollMs;
        _time = time;
        _log = log;
        _thread = new Thread(Follow) { Name = "edge-store", IsBackground = true };
    }

    public event Action<ExperimentCatalog>? CatalogChanged;

    public CatalogHolder Catalog { get; } = new();

    /// <summary>The keys of the store.</summary>
    public PostgresKeys Keys { get; }

    /// <summary>The record of changes of the store.</summary>
    public PostgresAudit Audit { get; }

    public IReadOnlyList<ExperimentFileProblem> Problems => _problems;

    /// <summary>Whether the server is there.</summary>
    public bool IsReached => _connection.Away is null;

    /// <summary>Whether this node, of all on this store, is the one that recomputes weights.</summary>
    public bool IsLeader => _isLeader;

    /// <summary>
    /// Reads the store, or the copy of it when the server is away. Throws <see cref="StoreException"/> with one line when
    /// there is neither, or when the schema is not the one this program uses.
    /// </summary>
    /// <param name="connection">The store; disposed with this.</param>
    /// <param name="rules">Limits of definitions.</param>
    /// <param name="ring">Gets the keys.</param>
    /// <param name="copy">The copy on disk.</param>
    /// <param name="pollMs">Interval of looking, behind the notifications, milliseconds.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Takes what happens to the store.</param>
    public static PostgresStore Open(
        StoreConnection connection,
        ExperimentRules rules,
        KeyRing ring,
        StoreCopy copy,
        int pollMs,
        TimeProvider time,
        ILogger log
    )
    {
        var store = new PostgresStore(connection, rules, ring, copy, pollMs, time, log);
        var copied = store.ReadCopy(out var damage);
        store._id = copied?.StoreId ?? "";
        try
        {
            var opened = connection.Open(out var source);
            using (source)
            using (opened)
            {
                store.Adopt(opened);
                store.LoadAll(opened, isStart: true);
            }
        }
        catch (IOException e) when (e is not StoreException && e.InnerException is null or System.Text.Json.JsonException)
        {
            throw new StoreException(e.Message, cause: e);
        }
        catch (Exception e) when (PostgresFailure.IsExpected(e) && e is not StoreException)
        {
            var reason = PostgresFailure.Describe(e, connection.Place, isStore: true);
            if (copied is null)
            {
                throw new StoreException(
                    $"{reason}; {damage ?? $"there is no copy of the store in {copy.FilePath} to start with"}",
                    cause: e
                );
            }

            connection.Away = reason;
            log.StoreAway(reason);
            store.TakeKeys(copied.Keys);
            store.Take(copied.Definitions, isAll: true);
        }

        return store;
    }

    public void StartWatching() => _thread.Start();

    public void Refresh() => _wake.Set();

    /// <summary>Reads the keys anew, so that one that was just issued holds at once.</summary>
    public void RefreshKeys() => TakeKeys(_connection.Read(PostgresKeys.ReadAll));

    public ExperimentWriteResult Write(Experiment next, Experiment? current)
    {
        var bytes = ExperimentWriter.WriteStored(next);
        Row? known;
        lock (_lock)
        {
            _ = _rows.TryGetValue(next.Uid, out known);
        }

        if (!ReferenceEquals(known?.Entry?.Experiment, current))
        {
            return current is null ? ExperimentWriteResult.UidInUse : ExperimentWriteResult.Stale;
        }

        var definition = Encoding.UTF8.GetString(bytes);
        List<string?[]> written;
        try
        {
            written = _connection.Write(connection => Store(connection, next, known?.Revision ?? 0, definition));
        }
        catch (PostgresException e)
        {
            return e.ConstraintName switch
            {
                "experiments_slug" => ExperimentWriteResult.SlugInUse,
                "experiments_pkey" => ExperimentWriteResult.UidInUse,
                _ => throw new StoreException(
                    "The store refuses the change, and nothing has changed",
                    PostgresFailure.Describe(e, _connection.Place, isStore: true),
                    e
                ),
            };
        }

        if (written is [[{ } revision]])
        {
            lock (_lock)
            {
                Put(new Row(next.Uid, Number(revision), definition, new CatalogEntry(next), []));
            }

            return ExperimentWriteResult.Written;
        }

        // The caller looks at the catalog to see what there is now, so it has to be there.
        Take(
            _connection.Read(connection => Definitions(connection, "WHERE uid = $1", next.Uid)),
            isAll: false
        );
        lock (_lock)
        {
            return _rows.TryGetValue(next.Uid, out var row) && !ReferenceEquals(row.Entry, known?.Entry)
                ? ExperimentWriteResult.Stale
                : throw new StoreException(
                    "The experiment was changed by another node in a way that this one does not read, and nothing has changed"
                );
        }
    }

    public void Dispose()
    {
        _isStopping = true;
        _wake.Set();
        if (_thread.IsAlive)
        {
            _thread.Join(StopPatience);
        }

        CopyIfDue(atOnce: true);
        _connection.Dispose();
        if (!_thread.IsAlive)
        {
            _wake.Dispose();
        }
    }

    /// <summary>All definitions of a store, in order of uid.</summary>
    public static List<StoredDefinition> ReadDefinitions(StoreConnection store) =>
        store.Read(static connection => Definitions(connection, ""));

    private static List<StoredDefinition> Definitions(NpgsqlConnection connection, string where, params ReadOnlySpan<string?> parameters) =>
        [
            .. StoreConnection
                .Query(
                    connection,
                    $"SELECT uid, revision::text, definition::text FROM edge.experiments {where} ORDER BY uid",
                    parameters
                )
                .Select(static row => new StoredDefinition(row[0]!, Number(row[1]!), row[2]!)),
        ];

    /// <summary>The new revision; nothing when the stored one is no longer the known one.</summary>
    private static List<string?[]> Store(NpgsqlConnection connection, Experiment next, long known, string definition)
    {
        const string Told =
            $"SELECT revision::text, pg_notify('{StoreConnection.Channel}', 'experiment ' || uid || ' ' || revision)::text FROM written";
        var status = WireNames<ExperimentStatus>.Lower.Text(next.Status);
        var rows =
            known == 0
                ? StoreConnection.Query(
                    connection,
                    "WITH written AS (INSERT INTO edge.experiments (uid, slug, status, team, definition, revision, change)"
                        + " VALUES ($1, $2, $3, $4, $5::json, 1, nextval('edge.changes')) RETURNING uid, revision) "
                        + Told,
                    next.Uid,
                    next.Slug,
                    status,
                    next.Team,
                    definition
                )
                : StoreConnection.Query(
                    connection,
                    "WITH written AS (UPDATE edge.experiments SET slug = $2, status = $3, team = $4, definition = $5::json,"
                        + " revision = revision + 1, change = nextval('edge.changes')"
                        + " WHERE uid = $1 AND revision = $6::bigint RETURNING uid, revision) "
                        + Told,
                    next.Uid,
                    next.Slug,
                    status,
                    next.Team,
                    definition,
                    known.ToString(CultureInfo.InvariantCulture)
                );
        return [.. rows.Select(static row => new[] { row[0] })];
    }

    private StoreContent? ReadCopy(out string? damage)
    {
        damage = null;
        try
        {
            return _copy.Read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            damage = e.Message.ReplaceLineEndings(" ");
            return null;
        }
    }

    /// <summary>
    /// Makes sure that the database is the one whose content this node has: an empty one in its place, or another's, would
    /// take every link away. Throws <see cref="StoreException"/> when it is not, or has another schema.
    /// </summary>
    private void Adopt(NpgsqlConnection connection)
    {
        if (_connection.ProblemOf(connection, out var id) is { } problem)
        {
            throw new StoreException(problem);
        }

        if (_id.Length > 0 && _id != id)
        {
            throw new StoreException(
                $"the store at {_connection.Place} is another database than the one this node has served from; name that one"
                    + $" in store.connection, or remove {_copy.FilePath} and start again to serve what is in this one"
            );
        }

        (_id, _connection.Id) = (id, id);
    }

    /// <summary>The loop of the thread; whatever happens is said, and it goes on.</summary>
    private void Follow()
    {
        while (!_isStopping)
        {
            string reason;
            try
            {
                FollowConnection();
                return;
            }
            catch (Exception e) when (e is StoreException || PostgresFailure.IsExpected(e))
            {
                reason = e is StoreException ? e.Message : PostgresFailure.Describe(e, _connection.Place, isStore: true);
            }
            catch (Exception e)
            {
                // A defect of this program must not end the process, nor go unseen.
                reason = $"{e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}";
            }

            SetLeader(false);
            if (_connection.Away != reason && !_isStopping)
            {
                _log.StoreAway(reason);
            }

            _connection.Away = reason;
            CopyIfDue(atOnce: true);
            _wake.Wait(RetryMs);
            _wake.Reset();
        }
    }

    /// <summary>Follows as long as the connection lives; returns when the store is disposed of.</summary>
    private void FollowConnection()
    {
        var connection = _connection.Open(out var source);
        using (source)
        using (connection)
        {
            Adopt(connection);
            var isNews = false;
            connection.Notification += (_, told) => isNews |= !IsKnown(told.Payload);
            StoreConnection.Execute(connection, $"LISTEN {StoreConnection.Channel}");
            // After LISTEN, so that nothing falls in between.
            LoadAll(connection);
            if (_connection.Away is not null)
            {
                _connection.Away = null;
                _log.StoreReached(Catalog.Current.Count, _keys.Count);
            }

            Lead(connection);
            var lookedAt = _time.GetTimestamp();
            while (!_isStopping)
            {
                CopyIfDue(atOnce: false);
                var isAsked = _wake.IsSet;
                if (!isNews && !isAsked && _time.GetElapsedTime(lookedAt).TotalMilliseconds < _pollMs)
                {
                    connection.Wait(SliceMs);
                    continue;
                }

                _wake.Reset();
                isNews = false;
                LoadNews(connection);
                Lead(connection);
                lookedAt = _time.GetTimestamp();
            }
        }
    }

    /// <summary>Whether a notification tells of what this node has written or read already.</summary>
    private bool IsKnown(string payload)
    {
        if (payload.Split(' ') is not ["experiment", var uid, var revision])
        {
            return false;
        }

        lock (_lock)
        {
            return _rows.TryGetValue(uid, out var row)
                && long.TryParse(revision, CultureInfo.InvariantCulture, out var told)
                && told <= row.Revision;
        }
    }

    private void Lead(NpgsqlConnection connection)
    {
        if (!_isLeader)
        {
            SetLeader(
                StoreConnection.Query(connection, $"SELECT pg_try_advisory_lock({StoreConnection.LeaderLock})::text")
                    is [["true"]]
            );
        }
    }

    private void SetLeader(bool isLeader)
    {
        if (_isLeader == isLeader)
        {
            return;
        }

        _isLeader = isLeader;
        if (isLeader)
        {
            _log.LeadershipWon();
        }
        else
        {
            _log.LeadershipLost();
        }
    }

    private void LoadAll(NpgsqlConnection connection, bool isStart = false)
    {
        // Before the rows: what is written meanwhile is read once more.
        _seen = LastChange(connection);
        LoadKeys(connection, isStart);
        Take(Definitions(connection, ""), isAll: true);
    }

    private void LoadNews(NpgsqlConnection connection)
    {
        long writes;
        lock (_lock)
        {
            writes = _writes;
        }

        var last = LastChange(connection);
        var count = Number(StoreConnection.Query(connection, "SELECT count(*)::text FROM edge.experiments")[0][0]!);
        var news = Definitions(connection, "WHERE change > $1::bigint", _seen.ToString(CultureInfo.InvariantCulture));
        _seen = Math.Max(_seen, last);
        if (news.Count > 0)
        {
            Take(news, isAll: false);
        }

        if (IsDeletion(count, writes))
        {
            var all = Definitions(connection, "");
            lock (_lock)
            {
                // What this node writes meanwhile is not in what was read; the next look sees to it.
                if (_writes == writes)
                {
                    Take(all, isAll: true);
                }
            }
        }

        LoadKeys(connection);
    }

    /// <summary>Whether somebody has deleted rows, given how many there are and what this node had written by then.</summary>
    private bool IsDeletion(long count, long writes)
    {
        lock (_lock)
        {
            return _rows.Count != count && _writes == writes;
        }
    }

    private static long LastChange(NpgsqlConnection connection) =>
        Number(StoreConnection.Query(connection, "SELECT coalesce(max(change), 0)::text FROM edge.experiments")[0][0]!);

    /// <param name="connection">Where from.</param>
    /// <param name="isStart">Whether there are none in force yet, so that keys that cannot be used lock everybody out.</param>
    private void LoadKeys(NpgsqlConnection connection, bool isStart = false)
    {
        // A key that was withdrawn leaves no change behind, but one fewer.
        var state = StoreConnection.Query(
            connection,
            "SELECT count(*)::text || ' ' || coalesce(max(change), 0)::text FROM edge.keys"
        )[0][0]!;
        if (state == _keysSeen)
        {
            return;
        }

        try
        {
            TakeKeys(PostgresKeys.ReadAll(connection));
            (_keysSeen, _keyProblem) = (state, null);
        }
        catch (IOException e) when (!isStart)
        {
            if (_keyProblem != e.Message)
            {
                _log.StoredKeysRefused(e.Message.ReplaceLineEndings(" "));
            }

            _keyProblem = e.Message;
        }
    }

    private void TakeKeys(IReadOnlyList<ApiKey> keys)
    {
        lock (_lock)
        {
            _keys = keys;
            _ring.Replace(keys);
        }

        _isCopyDue = true;
    }

    /// <summary>Puts what was read into the catalog.</summary>
    /// <param name="read">The definitions.</param>
    /// <param name="isAll">Whether what is not among them is gone.</param>
    private void Take(IReadOnlyList<StoredDefinition> read, bool isAll)
    {
        lock (_lock)
        {
            var isChanged = false;
            if (isAll)
            {
                var present = read.Select(static one => one.Uid).ToHashSet(StringComparer.Ordinal);
                foreach (var uid in _rows.Keys.Where(uid => !present.Contains(uid)).ToList())
                {
                    _rows.Remove(uid);
                    isChanged = true;
                }
            }

            foreach (var one in read)
            {
                _ = _rows.TryGetValue(one.Uid, out var before);
                // A read that began before a write of this node must not undo it; a database that was put back may.
                if (
                    before is not null
                    && (
                        isAll
                            ? one.Revision == before.Revision && one.Definition == before.Definition
                            : one.Revision <= before.Revision
                    )
                )
                {
                    continue;
                }

                _rows[one.Uid] = Read(one, before);
                isChanged = true;
            }

            if (isChanged)
            {
                Publish();
            }
        }
    }

    /// <summary>A row as it is served: one that is not valid leaves the version before in service.</summary>
    private Row Read(StoredDefinition stored, Row? before)
    {
        var reading = ExperimentReader.ReadStored(Encoding.UTF8.GetBytes(stored.Definition), _rules, default);
        ExperimentFileProblem[] problems =
        [
            .. reading.Violations.Select(v => new ExperimentFileProblem(stored.Uid, v.Field, v.Message)),
            .. reading.Unknown.Select(v => new ExperimentFileProblem(stored.Uid, v.Field, v.Message, true)),
        ];
        var entry = reading.Experiment is { } experiment ? new CatalogEntry(experiment) : before?.Entry;
        return new Row(stored.Uid, stored.Revision, stored.Definition, entry, problems);
    }

    /// <summary>Takes what this node itself has written. The caller holds the lock.</summary>
    private void Put(Row row)
    {
        _writes++;
        if (_rows.TryGetValue(row.Uid, out var before) && before.Revision > row.Revision)
        {
            return;
        }

        _rows[row.Uid] = row;
        var catalog = Catalog.Current;
        var entry = row.Entry!;
        if (
            before is { Problems.Count: > 0 }
            || (
                entry.Status != ExperimentStatus.Archived
                && catalog.TryFind(entry.Experiment.Slug, out var holder)
                && holder.Experiment.Uid != row.Uid
            )
        )
        {
            Publish();
            return;
        }

        Swap(catalog.With(entry));
    }

    /// <summary>Builds the catalog of all rows. The caller holds the lock.</summary>
    private void Publish()
    {
        var slugs = new HashSet<string>(StringComparer.Ordinal);
        var entries = new List<CatalogEntry>();
        // The database has each slug once; a version that is served in place of one that is not valid gives way.
        foreach (var row in _rows.Values.OrderBy(static row => row.IsStandIn))
        {
            if (row.Entry is { } entry && (entry.Status == ExperimentStatus.Archived || slugs.Add(entry.Experiment.Slug)))
            {
                entries.Add(entry);
            }
        }

        PublishProblems();
        Swap(new ExperimentCatalog(entries, Catalog.Current.Version + 1));
    }

    private void PublishProblems()
    {
        var before = _problems.ToHashSet();
        _problems = [.. _rows.Values.SelectMany(static row => row.Problems).Take(ExperimentFileStore.ProblemsMax)];
        foreach (var problem in _problems.Where(problem => !before.Contains(problem)))
        {
            if (problem.IsServed)
            {
                _log.StoredMemberIgnored(problem.File, problem.Field, problem.Reason);
            }
            else
            {
                _log.StoredExperimentRefused(problem.File, problem.Field, problem.Reason);
            }
        }
    }

    private void Swap(ExperimentCatalog next)
    {
        Catalog.Swap(next);
        _isCopyDue = true;
        CatalogChanged?.Invoke(next);
    }

    private void CopyIfDue(bool atOnce)
    {
        if (
            !_isCopyDue
            || _id.Length == 0
            || (!atOnce && _copiedAt != 0 && _time.GetElapsedTime(_copiedAt).TotalMilliseconds < CopyIntervalMs)
        )
        {
            return;
        }

        _isCopyDue = false;
        _copiedAt = _time.GetTimestamp();
        StoreContent content;
        lock (_lock)
        {
            content = new StoreContent(
                _id,
                [.. _rows.Values.Select(static row => new StoredDefinition(row.Uid, row.Revision, row.Definition))],
                _keys
            );
        }

        try
        {
            _copy.Write(content);
            _copyProblem = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _isCopyDue = true;
            if (_copyProblem != e.Message)
            {
                _log.StoreCopyNotWritten(e.Message.ReplaceLineEndings(" "));
            }

            _copyProblem = e.Message;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>One experiment of the store. Immutable.</summary>
    /// <param name="Uid">Its uid.</param>
    /// <param name="Revision">Its revision in the store.</param>
    /// <param name="Definition">The definition, as it was written.</param>
    /// <param name="Entry">What is served; null when there never was a valid version.</param>
    /// <param name="Problems">What is wrong with the definition.</param>
    private sealed record Row(
        string Uid,
        long Revision,
        string Definition,
        CatalogEntry? Entry,
        IReadOnlyList<ExperimentFileProblem> Problems
    )
    {
        /// <summary>Whether the version before is served, because this one is not valid.</summary>
        public bool IsStandIn => Problems.Any(static problem => !problem.IsServed);
    }
}
