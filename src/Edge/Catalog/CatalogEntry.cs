using System.Text;
using Edge.Experiments;
using Edge.Selection;
using Edge.Selection.Conditions;
using Edge.Selection.Schedules;

namespace Edge.Catalog;

/// <summary>
/// One experiment compiled for serving: everything a request needs, computed once. Immutable; requests on all threads
/// share it.
/// </summary>
internal sealed class CatalogEntry
{
    private readonly byte[] _uidUtf8;
    private readonly byte[] _slugUtf8;
    private readonly CatalogVariant[] _variants;
    private readonly ConditionProgram?[] _conditions;

    /// <summary>Compiles a valid definition.</summary>
    public CatalogEntry(Experiment experiment)
    {
        Experiment = experiment;
        Fingerprint = FingerprintOf(experiment.Uid);
        AttributionWindow = TimeSpan.FromMinutes(experiment.AttributionWindowMinutes);
        _uidUtf8 = Encoding.UTF8.GetBytes(experiment.Uid);
        _slugUtf8 = Encoding.UTF8.GetBytes(experiment.Slug);
        _variants = new CatalogVariant[experiment.Variants.Count];
        _conditions = new ConditionProgram?[_variants.Length];
        DefaultIndex = 0;
        WinnerIndex = -1;
        HasOneDestination = true;
        var passed = PassedParameters.Of(experiment);
        string? first = null;
        for (var i = 0; i < _variants.Length; i++)
        {
            var variant = experiment.Variants[i];
            var url = experiment.DestinationOf(variant);
            _variants[i] = new CatalogVariant(variant, LinkTarget.Of(url, passed));
            HasOneDestination &= url == (first ??= url);
            DefaultIndex = variant.IsDefault ? i : DefaultIndex;
            WinnerIndex = variant.Id == experiment.WinnerVariantId ? i : WinnerIndex;
        }
        Limits = LinkLimits.Of(experiment, passed);
        Participation = experiment.Type == ExperimentType.AbTest ? Participation.Of(experiment) : null;
        Slots = SlotTable.Of(experiment);
        switch (experiment.Type)
        {
            case ExperimentType.SmartLink:
                CompileConditions();
                break;
            case ExperimentType.Scheduled:
                Schedules = new ScheduleTable(experiment.Variants);
                break;
        }
    }

    /// <summary>The definition.</summary>
    public Experiment Experiment { get; }

    /// <summary>Uid in UTF-8, the input of the bucket hash.</summary>
    public ReadOnlySpan<byte> UidUtf8 => _uidUtf8;

    /// <summary>What names the experiment in the tokens of its links.</summary>
    public uint Fingerprint { get; }

    /// <summary>
    /// 32 bits that name an id where there is no room for it and nobody can choose them: FNV-1a of its UTF-8 bytes, never 0.
    /// </summary>
    public static uint FingerprintOf(string id)
    {
        var hash = 2_166_136_261u;
        foreach (var b in Encoding.UTF8.GetBytes(id))
        {
            hash = unchecked((hash ^ b) * 16_777_619u);
        }
        return hash == 0 ? 1 : hash;
    }

    /// <summary>Slug in UTF-8, as written into events.</summary>
    public ReadOnlySpan<byte> SlugUtf8 => _slugUtf8;

    /// <summary>The variants, in order.</summary>
    public ReadOnlySpan<CatalogVariant> Variants => _variants;

    /// <summary>Index of the variant with this id; -1 when there is none.</summary>
    public int IndexOfVariant(ReadOnlySpan<byte> idUtf8)
    {
        for (var i = 0; i < _variants.Length; i++)
        {
            if (idUtf8.SequenceEqual(_variants[i].IdUtf8))
            {
                return i;
            }
        }
        return -1;
    }

    /// <summary>Index of the variant with this fingerprint; -1 when there is none.</summary>
    public int IndexOfFingerprint(uint fingerprint)
    {
        for (var i = 0; i < _variants.Length; i++)
        {
            if (_variants[i].Fingerprint == fingerprint)
            {
                return i;
            }
        }
        return -1;
    }

    /// <summary>Which bucket belongs to which variant.</summary>
    public SlotTable Slots { get; }

    /// <summary>
    /// The condition tree of each variant of a smart link, in order; null for the default variant, for variants without
    /// conditions and for all variants of other types.
    /// </summary>
    public ReadOnlySpan<ConditionProgram?> Conditions => _conditions;

    /// <summary>The schedules of a scheduled experiment; null for other types.</summary>
    public ScheduleTable? Schedules { get; }

    /// <summary>Whether its choice depends on the clock of the visitor.</summary>
    public bool IsByVisitorsClock => Schedules is { IsOfVisitor: true };

    /// <summary>Index of the variant served when nothing else applies.</summary>
    public int DefaultIndex { get; }

    /// <summary>Index of the winner; -1 while there is none.</summary>
    public int WinnerIndex { get; }

    /// <summary>Whether clicks lead somewhere; then they do for every variant.</summary>
    public bool HasDestination => _variants[DefaultIndex].Target is not null;

    /// <summary>Which units take part; null for all of them.</summary>
    public Participation? Participation { get; }

    /// <summary>When its link is open, and where it leads otherwise; null when it always is.</summary>
    public LinkLimits? Limits { get; }

    /// <summary>Status of its redirects.</summary>
    public int RedirectStatus => Experiment.LinkConfig?.RedirectStatus ?? LinkConfig.TemporaryStatus;

    /// <summary>What is kept of a visit at most.</summary>
    /// <param name="asksForPrivacy">Whether its browser does.</param>
    public TrackingMode TrackingOf(bool asksForPrivacy)
    {
        var config = Experiment.TrackingConfig ?? TrackingConfig.Default;
        return asksForPrivacy && config.OnSignal > config.Mode ? config.OnSignal : config.Mode;
    }

    /// <summary>Whether clicks lead to the same place whichever variant is served.</summary>
    public bool HasOneDestination { get; }

    /// <summary>Where the experiment is in its lifecycle.</summary>
    public ExperimentStatus Status => Experiment.Status;

    /// <summary>How its variant is chosen.</summary>
    public ExperimentType Type => Experiment.Type;

    /// <summary>Whether its choice depends on the unit; a completed one serves the same variant to everybody.</summary>
    public bool NeedsUnit => Type == ExperimentType.AbTest && Status != ExperimentStatus.Completed;

    /// <summary>Whether visits count.</summary>
    public bool IsRunning => Status == ExperimentStatus.Running;

    /// <summary>
    /// Whether its link redirects: links already sent out keep working during a pause and after the end.
    /// </summary>
    public bool IsServed => Status is ExperimentStatus.Running or ExperimentStatus.Paused or ExperimentStatus.Completed;

    /// <summary>
    /// Whether its weights move while it runs, so that the variant shown to each unit must be remembered.
    /// </summary>
    public bool HasBandit => Type == ExperimentType.AbTest && Experiment.BanditConfig.Enabled;

    /// <summary>How long after its start a trial can succeed.</summary>
    public TimeSpan AttributionWindow { get; }

    /// <summary>Whether units that senders name keep their hash, so that trials can outlive the day.</summary>
    public bool HasStableUnits => Experiment.StableUnits;

    /// <summary>Name of the event that reaches the goal; null when the goal is another one or nothing counts.</summary>
    public string? GoalEvent =>
        IsRunning && Experiment.GoalConfig is { Type: GoalType.Event or GoalType.Value, Event: { } name } ? name : null;

    /// <summary>Property of that event whose number counts; null when the event itself does.</summary>
    public string? GoalProperty =>
        Experiment.GoalConfig is { Type: GoalType.Value, Property: { } property } ? property : null;

    /// <summary>Whether its conversions reach the goal.</summary>
    public bool CountsConversions => IsRunning && Experiment.GoalConfig.Type == GoalType.Conversion;

    /// <summary>Whether events of a certain name reach the goal.</summary>
    public bool IsGoalEvent(string name) => GoalEvent == name;

    /// <summary>Version of the served weights.</summary>
    public int WeightsVersion => Experiment.WeightsVersion;

    /// <summary>The team that owns it; empty in a service with a single team.</summary>
    public string Team => Experiment.Team ?? "";

    /// <summary>Index of the variant with exactly this id; -1 when there is none.</summary>
    public int IndexOf(ReadOnlySpan<char> variantId)
    {
        for (var i = 0; i < _variants.Length; i++)
        {
            if (variantId.SequenceEqual(_variants[i].Id))
            {
                return i;
            }
        }
        return -1;
    }

    /// <summary>
    /// Skips the default variant: it needs no conditions, and conditions on it would only hide the variants after it.
    /// </summary>
    private void CompileConditions()
    {
        for (var i = 0; i < _conditions.Length; i++)
        {
            if (Experiment.Variants[i] is { IsDefault: false, Conditions: { } conditions })
            {
                _conditions[i] = new ConditionProgram(conditions);
            }
        }
    }
}

/// <summary>One variant of a <see cref="CatalogEntry"/>.</summary>
/// <param name="variant">The definition.</param>
/// <param name="target">Where a click on it leads; null for nowhere.</param>
internal sealed class CatalogVariant(Variant variant, LinkTarget? target)
{
    private readonly byte[] _idUtf8 = Encoding.UTF8.GetBytes(variant.Id);

    /// <summary>Its id.</summary>
    public string Id { get; } = variant.Id;

    /// <summary>Its id in UTF-8, as written into events.</summary>
    public ReadOnlySpan<byte> IdUtf8 => _idUtf8;

    /// <summary>What names it in the tokens of links.</summary>
    public uint Fingerprint { get; } = CatalogEntry.FingerprintOf(variant.Id);

    /// <summary>Served share of traffic, basis points; divided by 10,000 it is the probability of the choice.</summary>
    public int Weight { get; } = variant.Weight;

    /// <summary>Where a click leads; null for nowhere, and then it is for every variant.</summary>
    public LinkTarget? Target { get; } = target;
}
