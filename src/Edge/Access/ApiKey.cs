using System.Text.Json.Serialization;
using Edge.Formats;

namespace Edge.Access;

/// <summary>
/// What a key opens. Wire: <c>pictify</c>, <c>write</c>, <c>traffical</c>, <c>millimetric-pk</c> and so on.
/// </summary>
[JsonConverter(typeof(KebabWireNameConverter<KeyKind>))]
internal enum KeyKind
{
    /// <summary>The management API of experiments. A secret, though its prefix says pk.</summary>
    Pictify,

    /// <summary>Marks events sent to <c>/s/events</c> as the owner's. Stands in pages, so it is no secret.</summary>
    Write,

    /// <summary>Traffical's event API from servers.</summary>
    Traffical,

    /// <summary>Traffical's event API from browsers; no secret.</summary>
    TrafficalPk,

    /// <summary>Millimetric's event API from browsers of the listed origins; no secret.</summary>
    MillimetricPk,

    /// <summary>Millimetric's event API from servers.</summary>
    MillimetricSk,

    /// <summary>Millimetric's reading key; may not send events.</summary>
    MillimetricRk,

    /// <summary>Artie's bulk API.</summary>
    Artie,
}

/// <summary>
/// One issued key as it is stored: everything but the secret, of which only the SHA-256 is kept (it has 190 random
/// bits, so a slow hash would add nothing). Immutable.
/// </summary>
internal sealed record ApiKey
{
    /// <summary>Project of whatever names none: a machine that has only one.</summary>
    public const string DefaultProject = "default";

    /// <summary>Names the key to people, <c>key_</c> and 12 characters; not a secret.</summary>
    public required string Id { get; init; }

    /// <summary>What it opens.</summary>
    public required KeyKind Kind { get; init; }

    /// <summary>The team or project it belongs to; null on a machine that has only one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Project { get; init; }

    /// <summary>
    /// The organization its project belongs to; null is any. Events that state another one are refused.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Organization { get; init; }

    /// <summary>
    /// The part of the project its events belong to, such as live, test or production; null is none in particular.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Environment { get; init; }

    /// <summary>What it may do, in the words of its API; empty is everything its kind may.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>Origins a browser may send it from, as browsers write them; looked at for browser keys only.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>SHA-256 of the secret, 64 hexadecimal digits.</summary>
    public required string Hash { get; init; }

    /// <summary>The last four characters of the secret, to tell keys apart.</summary>
    public required string Hint { get; init; }

    /// <summary>When it was issued.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>From when on it is refused; null is never.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Since when it is refused; null is not at all.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>The team whose experiments it is for; null on a machine that has only one.</summary>
    [JsonIgnore]
    public string? Team => Project == DefaultProject ? null : Project;

    /// <summary>Whether it opens anything at an instant.</summary>
    public bool IsValidAt(DateTimeOffset now) => RevokedAt is null && !(ExpiresAt <= now);

    /// <summary>Whether it may do something, in the word of its API.</summary>
    public bool Has(string scope)
    {
        foreach (var own in Scopes)
        {
            if (own == scope)
            {
                return true;
            }
        }

        return Scopes.Count == 0;
    }
}

/// <summary>The content of <c>DATA/keys.json</c>.</summary>
/// <param name="Keys">All keys ever issued, revoked ones too, in the order of issue.</param>
internal sealed record KeyList(IReadOnlyList<ApiKey> Keys);
