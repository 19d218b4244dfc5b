using Edge.Storage.Faults;

namespace Edge.Forwarding.Pump;

/// <summary>The fault build's half of <see cref="BatchId"/>.</summary>
internal static partial class BatchId
{
    static partial void InjectId(ref string id)
    {
        if (Bugs.Planted(Bug.ChangedToken))
        {
            id = $"{id}-{Random.Shared.Next():x8}";
        }
    }
}
