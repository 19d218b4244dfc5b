using Edge.Access;
using Edge.Catalog;
using Edge.Enrichment.Verdicts;

namespace Edge.Fleet.Origin;

/// <summary>
/// Makes an edition of everything that the nodes of a fleet have alike, whenever something of it has changed, and wakes
/// those who wait for one. Changes that come together become one edition. During a rollout there is a second edition,
/// held for the edges that are not among the first. Thread safe.
/// </summary>
internal sealed class CatalogPublisher : IAsyncDisposable
{
    /// <summary>Time for further changes to join an edition: a person saves one file after the other.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(20);

    /// <summary>How often it is looked whether links have taken all their clicks.</summary>
    private static readonly TimeSpan LinksPeriod = TimeSpan.FromSeconds(1);

    /// <summary>Between two attempts when an edition could not be stored.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    /// <summary>Earlier editions to which a fleet can be put back; each costs memory for what it does not share with the next.</summary>
    private const int PastMax = 32;

    private readonly FleetSecret _secret;
    private readonly PublishedVersion _stored;
    private readonly CatalogCopy _heldCopy;
    private readonly CatalogHolder _catalog;
    private readonly KeyRing _keys;
    private readonly ExhaustedLinks _links;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _claimLock = new();
    private readonly Lock _publishLock = new();
    private readonly Dictionary<string, Encoded> _encoded = new(StringComparer.Ordinal);
    private Task _publishing = Task.CompletedTask;
    private volatile Published _published;
    private volatile TaskCompletionSource _changed = NewWaiting();
    private volatile TaskCompletionSource _replaced = NewWaiting();
    private VerdictRuleOptions _verdicts;
    private Claims _claims;
    private bool _isFailing;

    /// <summary>
    /// Publishes what there is. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when its
    /// version cannot be stored.
    /// </summary>
    /// <param name="directory">Where the version, and what is held, are kept; it exists.</param>
    /// <param name="secret">Signs.</param>
    /// <param name="catalog">The experiments.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="links">Finds the links that have taken all their clicks.</param>
    /// <param name="verdicts">The rules of the verdict, whose file has been read.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where failures are reported.</param>
    public CatalogPublisher(
        string directory,
        FleetSecret secret,
        CatalogHolder catalog,
        KeyRing keys,
        ExhaustedLinks links,
        VerdictRuleOptions verdicts,
        TimeProvider time,
        ILogger log
    )
    {
        _secret = secret;
        _stored = new PublishedVersion(directory);
        _heldCopy = new CatalogCopy(directory, secret.Id, fileName: CatalogCopy.HeldFileName);
        (_catalog, _keys, _links, _verdicts, _time, _log) = (catalog, keys, links, verdicts, time, log);
        var items = Collect();
        var before = _stored.Read();
        var held = before?.Rollout is null ? null : ReadHeld();
        var now = time.GetUtcNow();
        // Without a file the origin is new, or has lost its data: the milliseconds since 1970 are more than the number
        // of changes that any origin before it can have made, unless its clock was ahead.
        var version =
            before is null ? now.ToUnixTimeMilliseconds()
            : before.Digest == items.Digest ? before.Version
            : Math.Max(before.Version, held?.Tag.Version ?? 0) + 1;
        var newest = Edition.First(secret.Id, EditionTag.Of(version, items, secret), now, items);
        _stored.Write(new PublishedState(version, items.Digest, held is null ? null : before!.Rollout));
        if (held is null)
        {
            _published = new Published(newest, null, null, []);
            return;
        }

        var kept = CatalogItems.Of(held.Items)!;
        var tag = EditionTag.Of(held.Tag.Version, kept, secret);
        _published = new Published(newest, Edition.First(secret.Id, tag, now, kept), before!.Rollout, []);
        // Keys and links may have changed since.
        Publish();
    }

    /// <summary>The newest edition.</summary>
    public Edition Newest => _published.Newest;

    /// <summary>What there is to get, and for whom.</summary>
    public Published Current => _published;

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
    /// <param name="node">Name of the edge.</param>
    /// <param name="known">The edition it has in force.</param>
    public void Learn(string node, EditionTag known)
    {
        var published = _published;
        var current = published.For(node);
        if (
            known.Version < current.Tag.Version
            || (known.Version == current.Tag.Version && known.Digest == current.Tag.Digest)
            || known.Version >= EditionTag.VersionMax
            || !known.IsSignedBy(_secret)
        )
        {
            return;
        }

        lock (_claimLock)
        {
            var isHeld = published.IsHeldFor(node);
            if (known.Version <= (isHeld ? _claims.Held : _claims.Newest))
            {
                return;
            }

            _claims = isHeld ? _claims with { Held = known.Version } : _claims with { Newest = known.Version };
        }

        // Of an edge that comes from the other edition of a rollout it was to be expected.
        if (known.Version >= published.LastVersion && known != published.Newest.Tag && known != published.Held?.Tag)
        {
            _log.FleetVersionLearned(known.Version, published.LastVersion);
        }

        Notify();
    }

    /// <summary>
    /// The edition for an edge, as soon as it is another than those it knows, else after a time or when the service stops.
    /// </summary>
    /// <param name="node">Name of the edge.</param>
    /// <param name="known">The edition it has in force, then one that it refused.</param>
    /// <param name="patience">Longest wait.</param>
    /// <param name="left">Ends the wait, with what is known.</param>
    public async Task<Edition> WaitAsync(
        string node,
        IReadOnlyList<EditionTag> known,
        TimeSpan patience,
        CancellationToken left
    )
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(left, _stop.Token);
        var deadline = Task.Delay(patience, _time, ended.Token);
        while (true)
        {
            // In this order: one that is published in between completes the wait.
            var replaced = _replaced.Task;
            if (known is [var inForce, ..])
            {
                Learn(node, inForce);
            }

            var current = _published.For(node);
            if (!IsKnown(current.Tag, known) || deadline.IsCompleted)
            {
                await ended.CancelAsync();
                return current;
            }

            await Task.WhenAny(replaced, deadline);
        }
    }

    /// <summary>
    /// Whether an edition is no news to an edge: it knows it, or a newer one, and would refuse it.
    /// </summary>
    public static bool IsKnown(EditionTag tag, IReadOnlyList<EditionTag> known)
    {
        foreach (var one in known)
        {
            if (tag == one || tag.Version < one.Version)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Lets some edges have the newest edition and the others an earlier one, or ends that. Durable when it returns. Throws
    /// <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when it cannot be stored; nothing has changed then.
    /// </summary>
    /// <param name="rollout">Who is among the first; null when all edges get the newest.</param>
    /// <param name="held">Version of the edition for the others; null for what they have now.</param>
    /// <param name="published">What came of it, whoever changes it next.</param>
    /// <returns>False when there is no such version.</returns>
    public bool TrySet(Rollout? rollout, long? held, out Published published)
    {
        lock (_publishLock)
        {
            published = _published;
            var items =
                rollout is null ? null
                : held is null ? (published.Held ?? published.Newest).Items
                : published.ItemsOf(held.Value);
            if (rollout is not null && items is null)
            {
                return false;
            }

            Publish(rollout, items);
            published = _published;
            return true;
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
                if (!await IsChangedAsync())
                {
                    continue;
                }

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

    /// <summary>Waits for a change; false when there is none for a while, and no link has taken its last click.</summary>
    private async Task<bool> IsChangedAsync()
    {
        var changed = _changed.Task;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        await Task.WhenAny(changed, Task.Delay(LinksPeriod, _time, ended.Token));
        await ended.CancelAsync();
        _stop.Token.ThrowIfCancellationRequested();
        if (changed.IsCompleted)
        {
            return true;
        }

        lock (_publishLock)
        {
            return _links.IsOutdated(_published.Newest.Items) || (_published.Held is { } held && _links.IsOutdated(held.Items));
        }
    }

    private void Publish()
    {
        lock (_publishLock)
        {
            Publish(_published.Rollout, _published.Held?.Items);
        }
    }

    /// <summary>
    /// Makes what has changed into editions, and shows them when they are durable. An edge takes only what is newer than
    /// what it has, so whoever comes from the other edition of a rollout has this one made anew for it, by its claim.
    /// </summary>
    private void Publish(Rollout? rollout, CatalogItems? heldItems)
    {
        var items = Collect();
        var before = _published;
        var last = before.LastVersion;
        Claims claims;
        lock (_claimLock)
        {
            claims = _claims;
        }

        if (rollout is null && before.Held is { } ending && ending.Tag.Version > before.Newest.Tag.Version)
        {
            claims = claims with { Newest = Math.Max(claims.Newest, ending.Tag.Version) };
        }

        var held = rollout is null ? null : Next(before.Held, Closed(heldItems!.WithKeysOf(items)), claims.Held, before.Newest);
        var newest = Next(before.Newest, items, claims.Newest, held ?? before.Held);
        if (newest == before.Newest && held == before.Held && rollout == before.Rollout)
        {
            return;
        }

        if (held is not null && held != before.Held)
        {
            _heldCopy.Write(held.Tag, held.Items);
        }

        _stored.Write(new PublishedState(newest.Tag.Version, newest.Tag.Digest, rollout));
        var past = newest == before.Newest ? before.Past : [.. before.Past.TakeLast(PastMax - 1), before.Newest.Content];
        _published = new Published(newest, held, rollout, past);
        var waiting = _replaced;
        _replaced = NewWaiting();
        waiting.TrySetResult();

        // The edition that follows one, or the same when nothing asks for another.
        Edition Next(Edition? current, CatalogItems content, long claimed, Edition? other)
        {
            var known = current ?? other!;
            if (known.Items.Digest == content.Digest && claimed < known.Tag.Version)
            {
                return known;
            }

            last = Math.Max(last, claimed) + 1;
            return last <= EditionTag.VersionMax
                ? known.Next(EditionTag.Of(last, content, _secret), _time.GetUtcNow(), content, other)
                : throw new InvalidOperationException($"there is no version after {EditionTag.VersionMax}");
        }
    }

    /// <summary>An edition that says which of its links are exhausted now.</summary>
    private CatalogItems Closed(CatalogItems items) => items.WithOnly(ItemCodec.ExhaustedName, _links.ItemFor(items));

    /// <summary>What was held before a restart; null, and reported, when it cannot be read.</summary>
    private EditionDocument? ReadHeld()
    {
        try
        {
            return _heldCopy.Read() ?? throw new EditionException(EditionFault.Damaged, "the file is not there");
        }
        catch (Exception e) when (e is EditionException or IOException or UnauthorizedAccessException)
        {
            _log.HeldEditionLost(e.Message.ReplaceLineEndings(" "));
            return null;
        }
    }

    /// <summary>
    /// Every item as it is now; what has not changed is not encoded again. For the constructor, and whoever holds the lock of
    /// publishing.
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

        return Closed(CatalogItems.Of(items) ?? throw new InvalidOperationException("two keys have one id"));

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

    /// <summary>Versions that edges have proved they have, and beyond which the next edition must go.</summary>
    /// <param name="Newest">Of the newest edition.</param>
    /// <param name="Held">Of the one that is held.</param>
    private readonly record struct Claims(long Newest, long Held);
}
