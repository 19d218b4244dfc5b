namespace Edge.Access;

/// <summary>
/// What a new key shall open and for how long; the members mean what they mean in <see cref="ApiKey"/>.
/// </summary>
internal sealed record KeyGrant(KeyKind Kind)
{
    public string? Project { get; init; }
    public string? Organization { get; init; }
    public string? Environment { get; init; }
    public IReadOnlyList<string> Scopes { get; init; } = [];
    public IReadOnlyList<string> Origins { get; init; } = [];
    public DateTimeOffset? ExpiresAt { get; init; }
}
