namespace Edge.Audit;

/// <summary>
/// The record of changes: a file of the data directory, or a table of PostgreSQL. Failures are <see cref="IOException"/>.
/// Thread safe.
/// </summary>
internal interface IAuditLog
{
    /// <summary>Appends one entry; it is durable when this returns.</summary>
    void Append(AuditEntry entry);

    /// <summary>The newest entries of a team, newest first.</summary>
    /// <param name="count">Most entries.</param>
    /// <param name="team">The team; null for those that belong to none.</param>
    IReadOnlyList<AuditEntry> ReadNewest(int count, string? team);
}
