using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using Edge.Formats;

namespace Edge.Fleet.Origin;

/// <summary>
/// Which edges get the newest edition while it is rolled out. The others get the one that is held for them, with the keys
/// of now: a revoked key is refused everywhere at once. Immutable.
/// </summary>
/// <param name="Share">The share of all possible names whose edges are among the first: from 0 to less than 1. A larger
/// share has the edges of a smaller one.</param>
/// <param name="Nodes">Names of edges that are among the first whatever the share.</param>
/// <param name="Since">When it was last set.</param>
internal sealed record Rollout(double Share, IReadOnlyList<string> Nodes, DateTimeOffset Since)
{
    public const string ShareMember = "share";
    public const string NodesMember = "nodes";
    public const string SinceMember = "since";

    /// <summary>Whether an edge is among the first.</summary>
    public bool IsFirst(string node) =>
        Nodes.Contains(node) || XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(node)) < Share * ulong.MaxValue;

    /// <summary>Writes the members into an object.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteNumber(ShareMember, Share);
        json.WriteStartArray(NodesMember);
        foreach (var node in Nodes)
        {
            json.WriteStringValue(node);
        }

        json.WriteEndArray();
        json.WriteString(SinceMember, Timestamp.Format(Since));
    }
}
