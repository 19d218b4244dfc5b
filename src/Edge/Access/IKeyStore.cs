namespace Edge.Access;

/// <summary>
/// Where issued keys are kept: the file of the data directory, or PostgreSQL. Throws <see cref="IOException"/> when it
/// cannot be read or changed.
/// </summary>
internal interface IKeyStore
{
    /// <summary>All keys, in the order they were issued.</summary>
    IReadOnlyList<ApiKey> Read();

    /// <summary>Issues a key and returns its secret, which cannot be recovered later.</summary>
    /// <param name="grant">What the key is for.</param>
    /// <param name="now">The time of issue.</param>
    /// <param name="secret">The secret to use; null makes one.</param>
    string Issue(KeyGrant grant, DateTimeOffset now, string? secret = null);

    /// <summary>Removes a key that nobody has seen, as if it had never been issued.</summary>
    void Withdraw(string secret);

    /// <summary>Revokes a key; false when there is no key with this id.</summary>
    bool Revoke(string id, DateTimeOffset now);

    /// <summary>Adds keys that were issued elsewhere, except those that are there; returns how many were added.</summary>
    int Import(IReadOnlyList<ApiKey> keys);
}
