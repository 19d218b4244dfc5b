using System.Security.Cryptography;
using Edge.Access;
using Edge.Catalog;
using Edge.Enrichment.Verdicts;
using Edge.Telemetry;

namespace Edge.Fleet.Following;

/// <summary>What an edge knows of its catalog, for metrics.</summary>
/// <param name="Version">Version of the edition in force; 0 for none.</param>
/// <param name="ConfirmedAt">When the origin last gave an edition that was taken, or said that there is no newer one;
/// null when it has not since the start.</param>
/// <param name="FailedPolls">Requests to which the origin gave no edition.</param>
/// <param name="IsRefusing">Whether the newest answer was an edition that was refused, of whatever kind of fault.</param>
internal readonly record struct FollowerStatus(
    long Version,
    DateTimeOffset? ConfirmedAt,
    long FailedPolls,
    bool IsRefusing
);

/// <summary>
/// Follows the origin: holds its experiments, keys and rules of the verdict, on disk as well, and takes each new edition
/// as a whole or not at all. Without its origin an edge serves what it has for as long as it likes. Thread safe; one task
/// asks and takes.
/// </summary>
internal sealed partial class CatalogFollower : IAsyncDisposable
{
    private const int InstanceBytes = 8;

    /// <summary>Experiments that are compiled between two pauses, so that requests are not kept waiting.</summary>
    private const int CompiledAtATime = 32;

    private static readonly TimeSpan CompilingPause = TimeSpan.FromMilliseconds(1);

    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(30);

    /// <summary>Shortest time between two answers that there is nothing new: something in between may not wait.</summary>
    private static readonly TimeSpan IdlePauseMin = TimeSpan.FromSeconds(1);

    /// <summary>Edges that waited for the same moment do not ask again at one.</summary>
    private static readonly TimeSpan IdleJitter = TimeSpan.FromMilliseconds(200);

    private readonly OriginClient _origin;
    private readonly CatalogCopy _copy;
    private readonly string _node;
    private readonly string _salt;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly string _instance = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(InstanceBytes));
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _hasCatalog = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long[] _refused = new long[Enum.GetValues<EditionFault>().Length];
    private Task _following = Task.CompletedTask;
    private CatalogItems _items = CatalogItems.Empty;
    private volatile HashSet<string> _exhausted = [];
    private EditionTag? _tag;
    private EditionTag? _refusedTag;
    private string _problem = "";
    private bool _wantsWhole;
    private readonly bool _isCopyOfAnother;
    private bool _isCopyBroken;
    private bool _waits;
    private volatile bool _isRefusing;
    private bool _isAway;
    private bool _isCopyFailing;
    private long _failedPolls;
    private long _confirmedTicks;

    /// <summary>
    /// Takes the copy on disk, if there is one that can be used; anything else in its place is set aside. What this program
    /// has written it has understood before, so the experiments are compiled later, each at the latest when it is asked for.
    /// </summary>
    /// <param name="origin">Asks the origin.</param>
    /// <param name="copy">The copy on disk.</param>
    /// <param name="keys">The keys, which it replaces.</param>
    /// <param name="node">Name of this node.</param>
    /// <param name="salt">Fingerprint of the salt behind its visitor hashes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where refusals are reported.</param>
    public CatalogFollower(
        OriginClient origin,
        CatalogCopy copy,
        KeyRing keys,
        string node,
        string salt,
        TimeProvider time,
        ILogger log
    )
    {
        (_origin, _copy, Keys, _node, _salt, _time, _log) = (origin, copy, keys, node, salt, time, log);
        try
        {
            if (copy.Read() is { } document)
            {
                _isCopyOfAnother = document.Software != CatalogCopy.Software;
                Take(document, isKnown: !_isCopyOfAnother);
            }
        }
        catch (Exception e) when (e is EditionException or IOException or UnauthorizedAccessException)
        {
            SetAside(e is EditionException ? "it " + e.Message : e.Message);
        }
    }

    /// <summary>The catalog that requests read.</summary>
    public CatalogHolder Catalog { get; } = new();

    /// <summary>The keys in force.</summary>
    public KeyRing Keys { get; }

    /// <summary>The rules of the verdict in force; null before the first edition.</summary>
    public VerdictTable? Verdicts { get; private set; }

    /// <summary>
    /// Uids of the experiments whose links have taken all their clicks, on all nodes together; another set with each edition
    /// in which they are others.
    /// </summary>
    public IReadOnlySet<string> Exhausted => _exhausted;

    /// <summary>Raised when other rules of the verdict are in force; handlers must not throw.</summary>
    public event Action<VerdictTable>? VerdictsChanged;

    /// <summary>Completes when there is an edition in force.</summary>
    public Task HasCatalog => _hasCatalog.Task;

    public FollowerStatus Status
    {
        get
        {
            var ticks = Interlocked.Read(ref _confirmedTicks);
            return new FollowerStatus(
                Volatile.Read(ref _tag)?.Version ?? 0,
                ticks == 0 ? null : new DateTimeOffset(ticks, TimeSpan.Zero),
                Interlocked.Read(ref _failedPolls),
                _isRefusing
            );
        }
    }

    /// <summary>Editions that were refused for a kind of fault.</summary>
    public long Refused(EditionFault fault) => Interlocked.Read(ref _refused[(int)fault]);

    /// <summary>Starts asking; call once.</summary>
    public void Start() => _following = Task.Run(RunAsync);

    /// <summary>Asks no more; nothing is written any longer when it returns.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        _stop.Dispose();
        _origin.Dispose();
    }

    private async Task RunAsync()
    {
        if (_isCopyOfAnother && _tag is not null)
        {
            // So that the next start is a quick one.
            Save();
        }

        await CompileAsync();
        var pause = PauseMin;
        while (!_stop.IsCancellationRequested)
        {
            var began = _time.GetTimestamp();
            var waits = _waits;
            try
            {
                var hasTaken = await AskAsync();
                pause = PauseMin;
                if (hasTaken || !waits)
                {
                    continue;
                }

                // Nothing new. The origin has waited, unless something between us answers in its place.
                var left = IdlePauseMin - _time.GetElapsedTime(began);
                await PauseAsync(left > TimeSpan.Zero ? left : IdleJitter * Random.Shared.NextDouble());
                continue;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (EditionException e)
            {
                Interlocked.Increment(ref _refused[(int)e.Fault]);
                if (_problem != e.Message)
                {
                    _log.EditionRefused(e.Message);
                }

                (_problem, _isRefusing, _waits) = (e.Message, true, false);
                // What is wrong with changes may be right with the whole.
                _wantsWhole |= e.Fault is EditionFault.Damaged or EditionFault.Unconnected;
            }
            catch (OriginException e)
            {
                Interlocked.Increment(ref _failedPolls);
                if (!_isAway)
                {
                    _log.OriginFailed(e.Message);
                }

                (_isAway, _waits) = (true, false);
            }
            catch (Exception e)
            {
                _waits = false;
                _log.BackgroundFailed(e, "Following the origin");
            }

            // With jitter: the edges of a fleet lose their origin at one moment and must not come back at one.
            await PauseAsync(pause * (0.5 + Random.Shared.NextDouble() / 2));
            pause = pause * 2 < PauseMax ? pause * 2 : PauseMax;
        }
    }

    /// <summary>Compiles what the start has left.</summary>
    private async Task CompileAsync()
    {
        var count = 0;
        foreach (var entry in Catalog.Current.All)
        {
            if (_stop.IsCancellationRequested)
            {
                return;
            }

            try
            {
                _ = entry.Entry;
            }
            catch (EditionException e)
            {
                // The origin is asked for everything, and all of that is read.
                SetAside("it " + e.Message);
                (_isCopyBroken, _wantsWhole) = (true, true);
                return;
            }

            if (++count % CompiledAtATime == 0)
            {
                await PauseAsync(CompilingPause);
            }
        }
    }

    private Task PauseAsync(TimeSpan pause) =>
        Task.Delay(pause, _time, _stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);

    /// <summary>
    /// Asks once; whether a new edition came and was taken. After a failure and at the start it does not wait for one, so
    /// that it shows at once that the origin is there.
    /// </summary>
    private async Task<bool> AskAsync()
    {
        var report = new NodeReport(_node, _instance, BuildInfo.Version, _salt, _tag?.Version ?? 0, ToldProblem());
        // An edition that was refused is known too, or the origin would give it at once, again and again.
        EditionTag?[] known = _wantsWhole ? [] : [_tag, _refusedTag];
        var document = await _origin.AskAsync(report, known, _waits, _stop.Token);
        if (_isAway)
        {
            _log.OriginReached();
        }

        (_isAway, _waits) = (false, true);
        // One that is in force may come again from something in between that does not compare.
        if (document is null || (document.Tag == _tag && !_wantsWhole))
        {
            if (_refusedTag is null)
            {
                AcceptedNewest();
            }

            Confirm();
            return false;
        }

        try
        {
            Take(document);
            _refusedTag = null;
            _wantsWhole = false;
            AcceptedNewest();
        }
        catch (EditionException e) when (e.Fault is EditionFault.NotUnderstood)
        {
            _refusedTag = document.Tag;
            throw;
        }

        Confirm();
        Save();
        _log.EditionTaken(document.Tag.Version, Catalog.Current.Count, Keys.Keys.Count());
        return true;
    }

    private void AcceptedNewest() => (_problem, _isRefusing) = ("", false);

    private string ToldProblem() =>
        _problem.Length > OriginClient.ProblemCharsMax ? _problem[..OriginClient.ProblemCharsMax] : _problem;

    private void Confirm() => Interlocked.Exchange(ref _confirmedTicks, _time.GetUtcNow().UtcTicks);

    /// <summary>Puts an edition in force; throws <see cref="EditionException"/> and changes nothing when it cannot be.</summary>
    /// <param name="document">The edition.</param>
    /// <param name="isKnown">Whether this program has had it in force before, and knows that it is what its digest says.</param>
    private void Take(EditionDocument document, bool isKnown = false)
    {
        var items = ItemsOf(document, isKnown);
        if (items.Find(ItemCodec.VerdictsName) is null)
        {
            throw new EditionException(EditionFault.NotUnderstood, $"lacks {ItemCodec.VerdictsName}");
        }

        var (before, current) = _isCopyBroken ? (CatalogItems.Empty, ExperimentCatalog.Empty) : (_items, Catalog.Current);
        var changed = items.DifferencesTo(before).ToArray();
        var verdicts = Verdicts;
        var entries = new List<LazyEntry>();
        var gone = new HashSet<string>(StringComparer.Ordinal);
        var exhausted = _exhausted;
        var hasOtherKeys = false;
        foreach (var name in changed)
        {
            var item = items.Find(name);
            switch (name)
            {
                case ItemCodec.VerdictsName when item is not null:
                    verdicts = ItemCodec.ReadVerdicts(item);
                    break;
                case ItemCodec.ExhaustedName:
                    exhausted = item is null ? [] : ItemCodec.ReadExhausted(item);
                    break;
                case var _ when name.StartsWith(ItemCodec.ExperimentPrefix, StringComparison.Ordinal):
                    if (item is null)
                    {
                        gone.Add(name[ItemCodec.ExperimentPrefix.Length..]);
                    }
                    else
                    {
                        entries.Add(
                            isKnown ? ItemCodec.ReadLater(item) : new LazyEntry(new CatalogEntry(ItemCodec.ReadExperiment(item)))
                        );
                    }

                    break;
                case var _ when name.StartsWith(ItemCodec.KeyPrefix, StringComparison.Ordinal):
                    hasOtherKeys = true;
                    break;
                default:
                    throw new EditionException(
                        EditionFault.NotUnderstood,
                        $"has {name}, which this version does not know"
                    );
            }
        }

        var keys = hasOtherKeys ? KeysOf(items) : null;
        var next = Next(current, entries, gone);
        // All of it can be used. What follows does not fail.
        if (keys is not null)
        {
            Keys.Replace(keys);
        }

        if (!ReferenceEquals(verdicts, Verdicts))
        {
            Verdicts = verdicts;
            VerdictsChanged?.Invoke(verdicts!);
        }

        _exhausted = exhausted;
        Catalog.Swap(next);
        _isCopyBroken = false;
        _items = items;
        Volatile.Write(ref _tag, document.Tag);
        _hasCatalog.TrySetResult();
    }

    /// <summary>
    /// All items of an edition, checked against its digest and the version in force. What is in force from the time of
    /// another secret binds nobody to its version: the origin cannot know of it, so its own may be lower.
    /// </summary>
    private CatalogItems ItemsOf(EditionDocument document, bool isKnown)
    {
        var tag = document.Tag;
        var binding = _tag is not null && _origin.IsSigned(_tag) ? _tag : null;
        InjectBinding(ref binding);
        if (tag.Version < binding?.Version)
        {
            throw new EditionException(
                EditionFault.Older,
                $"has version {tag.Version}, and {binding.Version} is in force"
            );
        }

        if (tag.Version == binding?.Version && tag.Digest != binding.Digest)
        {
            throw new EditionException(
                EditionFault.Older,
                $"has version {tag.Version}, which is in force with other content"
            );
        }

        if (document.From is { } from && from != _tag?.Version)
        {
            throw new EditionException(EditionFault.Unconnected, $"changes version {from}, which is not in force");
        }

        var items = document.From is null
            ? CatalogItems.Of(document.Items)
            : _items.With(document.Items, document.Removed);
        if (
            items is null
            || items.All.Count != tag.Items
            || items.Bytes != tag.Bytes
            // Of thousands of items it takes as long as everything else at the start.
            || (!isKnown && items.Digest != tag.Digest)
        )
        {
            throw new EditionException(EditionFault.Damaged, "is not what its digest says");
        }

        return items;
    }

    static partial void InjectBinding(ref EditionTag? binding);

    private static List<ApiKey> KeysOf(CatalogItems items) =>
        [
            .. items
                .All.Where(static item => item.Name.StartsWith(ItemCodec.KeyPrefix, StringComparison.Ordinal))
                .Select(ItemCodec.ReadKey),
        ];

    /// <summary>The catalog with some entries changed; one entry alone if nothing but its content has.</summary>
    private ExperimentCatalog Next(ExperimentCatalog current, List<LazyEntry> changed, HashSet<string> gone)
    {
        if (changed.Count + gone.Count == 0)
        {
            return current;
        }

        if (gone.Count == 0 && changed.TrueForAll(entry => KeepsItsNames(current, entry)))
        {
            return changed.Aggregate(current, static (catalog, entry) => catalog.With(entry));
        }

        var replaced = changed.Select(static entry => entry.Uid).Concat(gone).ToHashSet(StringComparer.Ordinal);
        try
        {
            return ExperimentCatalog.OfLazy(
                [.. current.All.Where(entry => !replaced.Contains(entry.Uid)), .. changed],
                Catalog.Current.Version + 1
            );
        }
        catch (ArgumentException)
        {
            throw new EditionException(EditionFault.NotUnderstood, "has two experiments with one slug");
        }
    }

    private static bool KeepsItsNames(ExperimentCatalog current, LazyEntry entry) =>
        current.FindByUid(entry.Uid) is { } before
        && before.Slug == entry.Slug
        && before.IsArchived == entry.IsArchived;

    private void SetAside(string reason)
    {
        try
        {
            _copy.SetAside();
            _log.CopySetAside(reason.ReplaceLineEndings(" "));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.CopyNotSetAside($"{reason}; {e.Message}".ReplaceLineEndings(" "));
        }
    }

    private void Save()
    {
        try
        {
            _copy.Write(_tag!, _items);
            _isCopyFailing = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_isCopyFailing)
            {
                _log.CopyNotWritten(e.Message.ReplaceLineEndings(" "));
            }

            _isCopyFailing = true;
        }
    }
}
