using System.Text.Json.Serialization;
using Edge.Formats;

namespace Edge.Access;

/// <summary>
/// The API that a key gives access to. Wire: <c>pictify</c>, <c>write</c>, <c>traffical</c>, <c>millimetric-pk</c> and
/// so on.
/// </summary>
[JsonConverter(typeof(KebabWireNameConverter<KeyKind>))]
internal enum KeyKind
{
    /// <summary>
    /// The experiment management API. A secret, although the prefix of those issued by earlier versions is pk.
    /// </summary>
    Pictify,

    /// <summary>The experiment management API, for reading alone. A secret.</summary>
    PictifyRead,

    /// <summary>
    /// Marks events sent to <c>/s/events</c> as authenticated. Embedded in pages, so it is not a secret.
    /// </summary>
    Write,

    /// <summary>Traffical's event API from servers.</summary>
    Traffical,

    /// <summary>Traffical's event API from browsers; not a secret.</summary>
    TrafficalPk,

    /// <summary>Millimetric's event API from browsers on the listed origins; not a secret.</summary>
    MillimetricPk,

    /// <summary>Millimetric's event API from servers.</summary>
    MillimetricSk,

    /// <summary>Millimetric's reading key; may not send events.</summary>
    MillimetricRk,

    /// <summary>Artie's bulk API.</summary>
    Artie,

    /// <summary>Signs the marks of tests (<see cref="SyntheticTraffic"/>); gives access to nothing. A secret.</summary>
    Synthetic,
}

/// <summary>
/// One issued key as stored: everything except the secret, of which only the SHA-256 is kept (it has 190 random bits,
/// so a slow hash would add nothing). Immutable.
/// </summary>
internal sealed record ApiKey
{
    /// <summary>The project used where none is named, in a service with a single project.</summary>
    public const string DefaultProject = "default";

    /// <summary>The scope of a server that may state facts of its visitors.</summary>
    public const string FactsScope = "facts";

    /// <summary>The scope of a key that sends events to <c>/v1/track</c>.</summary>
    public const string IngestScope = "ingest";

    /// <summary>The scope of a key that sends events to <c>/v1/events</c>.</summary>
    public const string WriteScope = "sdk:write";

    /// <summary>The scope of a key that asks for decisions; alone it sends nothing.</summary>
    public const string ReadScope = "sdk:read";

    /// <summary>The scope of a key that reads what was counted; alone it sends nothing.</summary>
    public const string QueryScope = "query";

    /// <summary>Identifies the key to people: <c>key_</c> and 12 characters; not a secret.</summary>
    public required string Id { get; init; }

    /// <summary>The API it gives access to.</summary>
    public required KeyKind Kind { get; init; }

    /// <summary>The team or project it belongs to; null in a service with a single project.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Project { get; init; }

    /// <summary>
    /// The organization its project belongs to; null means any. Events that state another one are refused.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Organization { get; init; }

    /// <summary>
    /// The environment its events belong to, such as live, test or production; null means none in particular.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Environment { get; init; }

    /// <summary>What it may do, in the terms of its API; empty means everything its kind allows.</summary>
    public IReadOnlyList<string> Scopes
    {
        get;
        // Null when the file does not have it: the generated reader sets every member.
        init => field = value ?? [];
    } = [];

    /// <summary>
    /// Origins from which a browser may use it, in the form that browsers send; used for browser keys only.
    /// </summary>
    public IReadOnlyList<string> Origins
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>SHA-256 of the secret, 64 hexadecimal digits.</summary>
    public required string Hash { get; init; }

    /// <summary>The last four characters of the secret, to tell keys apart.</summary>
    public required string Hint { get; init; }

    /// <summary>When it was issued.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it expires; null means never.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When it was revoked; null when it was not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>The team whose experiments it manages; null in a service with a single team.</summary>
    [JsonIgnore]
    public string? Team => Project == DefaultProject ? null : Project;

    /// <summary>Whether it gives access to the management API.</summary>
    [JsonIgnore]
    public bool IsManagement => Kind is KeyKind.Pictify or KeyKind.PictifyRead;

    /// <summary>Whether it may only read there.</summary>
    [JsonIgnore]
    public bool IsReadOnly => Kind == KeyKind.PictifyRead;

    /// <summary>Whether it is neither revoked nor expired at an instant.</summary>
    public bool IsValidAt(DateTimeOffset now) => RevokedAt is null && !(ExpiresAt <= now);

    /// <summary>
    /// Whether a server that sends with it may state facts of its visitors: address and user agent. Only where it was
    /// asked for by name, as a key without scopes may do everything else; and never with a key that pages show, because
    /// anybody could state anything then.
    /// </summary>
    public bool StatesFacts =>
        Kind is KeyKind.Pictify or KeyKind.Traffical or KeyKind.MillimetricSk or KeyKind.Artie
        && Scopes.Count > 0
        && Has(FactsScope);

    /// <summary>The scopes there are for keys of a kind; none where a key may do all its API offers.</summary>
    public static IReadOnlyList<string> ScopesOf(KeyKind kind) =>
        kind switch
        {
            KeyKind.Traffical => [WriteScope, ReadScope, FactsScope],
            KeyKind.TrafficalPk => [WriteScope, ReadScope],
            KeyKind.MillimetricPk => [IngestScope],
            KeyKind.MillimetricSk => [IngestScope, QueryScope, FactsScope],
            KeyKind.MillimetricRk => [QueryScope],
            KeyKind.Artie or KeyKind.Pictify => [FactsScope],
            _ => [],
        };

    /// <summary>Whether it has a scope.</summary>
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
/// <param name="Keys">All keys ever issued, including revoked ones, in the order of issue.</param>
internal sealed record KeyList(IReadOnlyList<ApiKey> Keys);
