using System.Text;
using Edge.Catalog;
using Edge.Events;
using Edge.Forwarding;

namespace Edge.Endpoints.Live;

/// <summary>
/// Which stored events a reader of the live feed gets. Values are compared as they stand in the event. Immutable.
/// </summary>
internal sealed class LiveFilter
{
    private readonly byte[]? _experiment;
    private readonly byte[]? _type;
    private readonly byte[]? _verdict;
    private readonly string? _team;
    private readonly CatalogHolder _catalog;

    /// <param name="experiment">Slug or uid; null for all.</param>
    /// <param name="type">Type of the event; null for all.</param>
    /// <param name="verdict">Verdict; null for all.</param>
    /// <param name="team">The only team whose events are shown; null in a service with a single one.</param>
    /// <param name="catalog">Says whose an experiment is.</param>
    public LiveFilter(string? experiment, string? type, string? verdict, string? team, CatalogHolder catalog)
    {
        _experiment = Quoted(experiment);
        _type = Quoted(type);
        _verdict = Quoted(verdict);
        _team = team;
        _catalog = catalog;
        // Nobody knows whose requests those are that were refused.
        TakesRefusals = team is null && experiment is null && verdict is null && type is null or LiveFeed.Refused;
    }

    /// <summary>Whether refused requests are shown, too.</summary>
    public bool TakesRefusals { get; }

    /// <summary>Whether an event is shown.</summary>
    public bool Passes(ReadOnlySpan<byte> json)
    {
        var isExperiment = _experiment is null;
        var isType = _type is null;
        var isVerdict = _verdict is null;
        var isOurs = _team is null;
        var members = new MemberScanner(json);
        while (members.Next() && !(isExperiment && isType && isVerdict && isOurs))
        {
            if (EventSchema.Experiment.Is(members.Name))
            {
                isExperiment |= members.Value.SequenceEqual(_experiment);
            }
            else if (EventSchema.ExperimentUid.Is(members.Name))
            {
                isExperiment |= members.Value.SequenceEqual(_experiment);
                isOurs |= IsOfTeam(members.Value);
            }
            else if (EventSchema.Type.Is(members.Name))
            {
                isType |= members.Value.SequenceEqual(_type);
            }
            else if (EventSchema.Verdict.Is(members.Name))
            {
                isVerdict |= members.Value.SequenceEqual(_verdict);
            }
        }

        return isExperiment && isType && isVerdict && isOurs;
    }

    private bool IsOfTeam(ReadOnlySpan<byte> uid) =>
        uid.Length > 2
        && _catalog.Current.TryFindByUid(Encoding.UTF8.GetString(uid[1..^1]), out var entry)
        && entry.Experiment.Team == _team;

    private static byte[]? Quoted(string? text) => text is null ? null : Encoding.UTF8.GetBytes($"\"{text}\"");
}
