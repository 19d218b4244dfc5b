namespace Edge.Access;

/// <summary>
/// Names the kind of a key that was sent where another kind belongs, for the error that its sender reads. Pure.
/// </summary>
internal static class KeyMixUp
{
    /// <summary>One sentence that says what was sent and what belongs here; null when the kind is not the mistake.</summary>
    /// <param name="sent">The kind of what was sent; null when it is none.</param>
    /// <param name="accepted">The kinds that belong here.</param>
    /// <param name="wanted">What belongs here, in words.</param>
    public static string? Of(KeyKind? sent, ReadOnlySpan<KeyKind> accepted, string wanted) =>
        sent is { } kind && !accepted.Contains(kind) ? $"This is {NameOf(kind)}; {wanted}." : null;

    private static string NameOf(KeyKind kind) =>
        kind switch
        {
            KeyKind.Pictify => "a management key (mk_), a secret for /experiments/api",
            KeyKind.PictifyRead => "a reading management key (mr_), a secret for /experiments/api",
            KeyKind.Write => "a write key (wk_), public, for /s/events",
            KeyKind.Traffical => "a server key (traffical_sk_), a secret for /v1/events",
            KeyKind.TrafficalPk => "a browser key (traffical_pk_), public, for /v1/events",
            KeyKind.MillimetricPk => "a browser key (pk_), public, for /v1/track",
            KeyKind.MillimetricSk => "a server key (sk_), a secret for /v1/track",
            KeyKind.MillimetricRk => "a reading key (rk_), a secret that sends nothing",
            KeyKind.Synthetic => "a key for tests (syn_), a secret that signs Edge-Synthetic and sends nothing",
            _ => "a server key (artie_), a secret for /v1/bulk-track",
        };
}
