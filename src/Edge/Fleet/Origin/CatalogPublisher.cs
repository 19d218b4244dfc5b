using Edge.Access;
using Edge.Catalog;
using Edge.Enrichment.Verdicts;

namespace Edge.Fleet.Origin;

/// <summary>
/// Makes an edition of everything that the nodes of a fleet have alike, whenever something of it has changed, and wakes
/// those who wait for one. Changes that come together become one edition. Thread safe; one task publishes.
/// </summary>
internal sealed class CatalogPublisher : IAsyncDisposable
{
    /// <summary>Time for further changes to join an edition: a person saves one file after the other.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(20);

    /// <summary>Between two attempts when an edition could not be stored.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly FleetSecret _secret;
    private readonly PublishedVersion _stored;
    private readonly CatalogHolder _catalog;
    private readonly KeyRing _keys;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _claimLock = new();
    private readonly Dictionary<string, Encoded> _encoded = new(StringComparer.Ordinal);
    private Task _publishing = Task.CompletedTask;
    private volatile Edition _current;
    private volatile TaskCompletionSource _changed = NewWaiting();
    private volatile TaskCompletionSource _replaced = NewWaiting();
    private VerdictRuleOptions _verdicts;
    private long _claimed;
    private bool _isFailing;

    /// <summary>
    /// Publishes what there is. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when its
    /// version cannot be stored.
    /// </summary>
    /// <param name="directory">Where the version is kept; it exists.</param>
    /// <param name="secret">Signs.</param>
    /// <param name="catalog">The experiments.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="verdicts">The rules of the verdict, whose file has been read.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where failures are reported.</param>
    public CatalogPublisher(
        string directory,
        FleetSecret secret,
        CatalogHolder catalog,
        KeyRing keys,
        VerdictRuleOptions verdicts,
        TimeProvider time,
        ILogger log
    )
    {
        _secret = secret;
        _stored = new PublishedVersion(directory);
        (_catalog, _keys, _verdicts, _time, _log) = (catalog, keys, verdicts, time, log);
        var items = Collect();
        var before = _stored.Read();
        // Without a file the origin is new, or has lost its data: the milliseconds since 1970 are more than the number
        // of changes that any origin before it can have made, unless its clock was ahead.
        var version =
            before is null ? time.GetUtcNow().ToUnixTimeMilliseconds()
            : before.Value.Digest == items.Digest ? before.Value.Version
            : before.Value.Version + 1;
        _stored.Write(version, items.Digest);
        _current = Edition.First(secret.Id, EditionTag.Of(version, items, secret), time.GetUtcNow(), items);
    }

    /// <summary>The newest edition.</summary>
    public Edition Current => _current;

    /// <summary>Starts publishing changes; call once.</summary>
    public void Start() => _publishing = Task.Run(RunAsync);

    /// <summary>Something may have changed. Cheap; may be called on any thread.</summary>
    public void Notify() => _changed.TrySetResult();

    /// <summary>Other rules of the verdict, whose file has been read, are in force.</summary>
    public void Take(VerdictRuleOptions verdicts)
    {
        lock (_claimLock)
        {
            _verdicts = verdicts;
        }

        Notify();
    }

    /// <summary>Whether an edition is signed with the secret that this origin has now.</summary>
    public bool IsOfFleet(EditionTag tag) => tag.IsSignedBy(_secret);

    /// <summary>
    /// An edge proves that the fleet has reached an edition. When it is one that this origin does not know of, because
    /// its data was lost or restored from a backup, the next version goes on from there; edges would refuse any other.
    /// </summary>
    public void Learn(EditionTag known)
    {
        var current = _current.Tag;
        if (
            known.Version < current.Version
            || (known.Version == current.Version && known.Digest == current.Digest)
            || known.Version >= EditionTag.VersionMax
            || !known.IsSignedBy(_secret)
        )
        {
            return;
        }

        lock (_claimLock)
        {
            if (known.Version <= _claimed)
            {
                return;
            }

            _claimed = known.Version;
        }

        _log.FleetVersionLearned(known.Version, current.Version);
        Notify();
    }

    /// <summary>
    /// The newest edition, as soon as it is another than those known, else after a time or when the service stops.
    /// </summary>
    public async Task<Edition> WaitAsync(Func<EditionTag, bool> isKnown, TimeSpan patience, CancellationToken left)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(left, _stop.Token);
        var deadline = Task.Delay(patience, _time, ended.Token);
        while (true)
        {
            // In this order: one that is published in between completes the wait.
            var replaced = _replaced.Task;
            var current = _current;
            if (!isKnown(current.Tag) || deadline.IsCompleted)
            {
                await ended.CancelAsync();
                return current;
            }

            await Task.WhenAny(replaced, deadline);
        }
    }

    /// <summary>Lets everybody go who waits, and publishes no more.</summary>
    public void Close() => _stop.Cancel();

    /// <summary>Publishes no more; nothing is written any longer when it returns.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _publishing;
        _stop.Dispose();
    }

    private static TaskCompletionSource NewWaiting() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _changed.Task.WaitAsync(_stop.Token);
                await Task.Delay(Gathering, _time, _stop.Token);
                // Before it is looked at what there is: a change after this is another signal.
                _changed = NewWaiting();
                Publish();
                _isFailing = false;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e)
            {
                if (!_isFailing)
                {
                    _log.EditionNotPublished(e, e.Message.ReplaceLineEndings(" "));
                }

                _isFailing = true;
                await Task.Delay(RetryPause, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                Notify();
            }
        }
    }

    private void Publish()
    {
        var items = Collect();
        var before = _current;
        long claimed;
        lock (_claimLock)
        {
            claimed = _claimed;
        }

        if (items.Digest == before.Tag.Digest && claimed < before.Tag.Version)
        {
            return;
        }

        var version = Math.Max(before.Tag.Version, claimed) + 1;
        if (version > EditionTag.VersionMax)
        {
            throw new InvalidOperationException($"there is no version after {EditionTag.VersionMax}");
        }

        _stored.Write(version, items.Digest);
        _current = before.Next(EditionTag.Of(version, items, _secret), _time.GetUtcNow(), items);
        var waiting = _replaced;
        _replaced = NewWaiting();
        waiting.TrySetResult();
    }

    /// <summary>
    /// Every item as it is now; what has not changed is not encoded again. One thread at a time: the constructor's, then
    /// that of the publishing task.
    /// </summary>
    private CatalogItems Collect()
    {
        VerdictRuleOptions verdicts;
        lock (_claimLock)
        {
            verdicts = _verdicts;
        }

        var items = new List<CatalogItem> { ItemCodec.Of(verdicts) };
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in _catalog.Current.Entries)
        {
            Add(ItemCodec.ExperimentPrefix + entry.Experiment.Uid, entry.Experiment, ItemCodec.Of);
        }

        var now = _time.GetUtcNow();
        foreach (var key in _keys.Keys.Where(key => key.IsValidAt(now)))
        {
            Add(ItemCodec.KeyPrefix + key.Id, key, ItemCodec.Of);
        }

        foreach (var gone in _encoded.Keys.Where(name => !seen.Contains(name)).ToArray())
        {
            _encoded.Remove(gone);
        }

        return CatalogItems.Of(items) ?? throw new InvalidOperationException("two keys have one id");

        void Add<T>(string name, T source, Func<T, CatalogItem> encode)
            where T : class
        {
            seen.Add(name);
            if (!_encoded.TryGetValue(name, out var known) || !ReferenceEquals(known.Source, source))
            {
                known = _encoded[name] = new Encoded(source, encode(source));
            }

            items.Add(known.Item);
        }
    }

    /// <param name="Source">What was encoded; immutable.</param>
    /// <param name="Item">What came of it.</param>
    private sealed record Encoded(object Source, CatalogItem Item);
}
