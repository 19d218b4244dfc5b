using Edge.Experiments;

namespace Edge.Catalog;

/// <summary>
/// When a link leads to its variants' destinations and where it leads otherwise, prepared when the experiment is
/// loaded. Immutable; thread safe.
/// </summary>
internal sealed class LinkLimits
{
    private readonly DateTimeOffset _startsAt;
    private readonly DateTimeOffset _expiresAt;
    private readonly LinkTarget? _notStarted;
    private readonly LinkTarget? _expired;

    private LinkLimits(LinkConfig config, PassedParameters? passed)
    {
        _startsAt = config.StartsAt ?? DateTimeOffset.MinValue;
        _expiresAt = config.ExpiresAt ?? DateTimeOffset.MaxValue;
        MaxClicks = config.MaxClicks ?? long.MaxValue;
        _notStarted = LinkTarget.Of(config.NotStartedUrl, passed);
        _expired = LinkTarget.Of(config.ExpiredUrl, passed);
        Exhausted = LinkTarget.Of(config.ExhaustedUrl, passed);
    }

    /// <summary>The limits of an experiment; null when its link has none.</summary>
    public static LinkLimits? Of(Experiment experiment, PassedParameters? passed) =>
        experiment.LinkConfig is { HasLimits: true } config ? new LinkLimits(config, passed) : null;

    /// <summary>Clicks of people that the link takes.</summary>
    public long MaxClicks { get; }

    /// <summary>Where further clicks lead; null when their number is not limited.</summary>
    public LinkTarget? Exhausted { get; }

    /// <summary>Where the link leads at a time when it has not started or has expired; null when it is open.</summary>
    public LinkTarget? ClosedAt(DateTimeOffset now) =>
        now < _startsAt ? _notStarted
        : now >= _expiresAt ? _expired
        : null;
}
