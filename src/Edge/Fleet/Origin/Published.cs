namespace Edge.Fleet.Origin;

/// <summary>What a fleet can get at one moment. Immutable.</summary>
/// <param name="Newest">The newest edition: what the origin has.</param>
/// <param name="Held">What edges get that are not among the first; null without a rollout.</param>
/// <param name="Rollout">Who is among the first; null without a rollout.</param>
/// <param name="Past">Newest editions of before, since the start of the origin, a bounded number; the oldest first.</param>
internal sealed record Published(Edition Newest, Edition? Held, Rollout? Rollout, IReadOnlyList<EditionContent> Past)
{
    /// <summary>The largest version that was given to anybody.</summary>
    public long LastVersion => Math.Max(Newest.Tag.Version, Held?.Tag.Version ?? 0);

    /// <summary>Whether what is held differs from the newest edition.</summary>
    public bool HoldsBack => Held is { } held && held.Tag.Digest != Newest.Tag.Digest;

    /// <summary>Whether an edge is not among the first.</summary>
    public bool IsHeldFor(string node) => Rollout is { } rollout && !rollout.IsFirst(node);

    /// <summary>The edition for an edge.</summary>
    public Edition For(string node) => IsHeldFor(node) ? Held! : Newest;

    /// <summary>The content of an edition that is remembered; null when it is not.</summary>
    public CatalogItems? ItemsOf(long version)
    {
        if (version == Newest.Tag.Version)
        {
            return Newest.Items;
        }

        if (version == Held?.Tag.Version)
        {
            return Held.Items;
        }

        foreach (var edition in Past)
        {
            if (edition.Version == version)
            {
                return edition.Items;
            }
        }

        return null;
    }
}

/// <summary>What remains of an edition when it is no longer given. Immutable.</summary>
/// <param name="Version">Its version.</param>
/// <param name="PublishedAt">When it was published.</param>
/// <param name="Items">Its content.</param>
internal sealed record EditionContent(long Version, DateTimeOffset PublishedAt, CatalogItems Items);
