namespace Edge.Access;

/// <summary>
/// The properties of a key to be issued; the members have the same meaning as in <see cref="ApiKey"/>.
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
