using Edge.Storage.Faults;

namespace Edge.Endpoints.Tracking;

/// <summary>The fault build's half of <see cref="TrackingLane"/>.</summary>
internal sealed partial class TrackingLane
{
    private static readonly System.Collections.Concurrent.ConcurrentBag<byte[]> KeptAnswers = [];

    static partial void InjectAnswer(ReadOnlySpan<byte> answer)
    {
        if (Bugs.Planted(Bug.KeptAnswers))
        {
            KeptAnswers.Add(answer.ToArray());
        }
    }
}
