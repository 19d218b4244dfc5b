using System.Security.Cryptography;
using System.Text;
using Edge.Experiments;

namespace Edge.Selection;

/// <summary>
/// Which units take part in an A/B test: a share of them, by a hash that is independent of the one that divides the
/// variants, so that a larger share keeps everybody who was in; and those in the experiment's range of its exclusion
/// group, by a hash that all experiments of the group share, so that disjoint ranges have disjoint units. Immutable;
/// allocates nothing per request.
/// </summary>
internal sealed class Participation
{
    private readonly byte[] _shareSalt;
    private readonly int _share;
    private readonly byte[]? _groupSalt;
    private readonly BucketSpan _range;

    private Participation(Experiment experiment)
    {
        _share = experiment.TrafficShare;
        // As long as a uid may be, and never one.
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(experiment.Uid));
        _shareSalt = Encoding.ASCII.GetBytes("share/" + Convert.ToHexStringLower(digest.AsSpan(0, 16)));
        if (experiment.ExclusionGroup is { } group)
        {
            _groupSalt = Encoding.ASCII.GetBytes("group/" + group.Name);
            _range = new BucketSpan(group.From, group.To);
        }
    }

    /// <summary>The rule of an experiment; null when every unit takes part.</summary>
    public static Participation? Of(Experiment experiment) =>
        experiment is { TrafficShare: Bucketing.Count, ExclusionGroup: null } ? null : new Participation(experiment);

    /// <summary>Whether a unit takes part.</summary>
    public bool Includes(ReadOnlySpan<byte> unit)
    {
        if (_groupSalt is not null)
        {
            var bucket = Bucketing.Bucket(_groupSalt, unit);
            if (bucket < _range.From || bucket >= _range.To)
            {
                return false;
            }
        }
        return _share == Bucketing.Count || Bucketing.Bucket(_shareSalt, unit) < _share;
    }

    private readonly record struct BucketSpan(int From, int To);
}
