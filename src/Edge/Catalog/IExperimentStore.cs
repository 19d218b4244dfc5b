using Edge.Experiments;

namespace Edge.Catalog;

/// <summary>The result of a write.</summary>
internal enum ExperimentWriteResult
{
    /// <summary>Durable and in the catalog.</summary>
    Written,

    /// <summary>The stored version is no longer the one the caller started from; the catalog has the one that is.</summary>
    Stale,

    /// <summary>Another experiment that is not archived has the slug.</summary>
    SlugInUse,

    /// <summary>Another experiment has the uid, or another file the name this one would get.</summary>
    UidInUse,
}

/// <summary>
/// Where experiments are stored: the files of the data directory, or PostgreSQL. Both keep the catalog that requests
/// read in memory, so that serving never waits for the store. Thread safe.
/// </summary>
internal interface IExperimentStore : IDisposable
{
    /// <summary>The catalog that requests read.</summary>
    CatalogHolder Catalog { get; }

    /// <summary>Everything that is stored and not served as it is; empty when all is well.</summary>
    IReadOnlyList<ExperimentFileProblem> Problems { get; }

    /// <summary>
    /// Raised after each change with the catalog that is now current, on the thread that made the change and one at a
    /// time; handlers must not throw and must not write to the store.
    /// </summary>
    event Action<ExperimentCatalog>? CatalogChanged;

    /// <summary>Starts following changes that others make; call once.</summary>
    void StartWatching();

    /// <summary>Looks for changes of others now.</summary>
    void Refresh();

    /// <summary>
    /// Stores an experiment and makes it the served version; it is durable when this returns. Throws
    /// <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when the store fails.
    /// </summary>
    /// <param name="next">A valid definition.</param>
    /// <param name="current">The version the caller started from, as returned by the catalog; null to create.</param>
    ExperimentWriteResult Write(Experiment next, Experiment? current);
}

/// <summary>A store could not do what it was asked.</summary>
/// <param name="answer">What to say to whoever asked; names no machine.</param>
/// <param name="reason">Why, for operators; null when there is no more to say.</param>
/// <param name="cause">What was thrown.</param>
internal class StoreException(string answer, string? reason = null, Exception? cause = null)
    : IOException(reason is null ? answer : $"{answer}: {reason}", cause)
{
    /// <summary>What to say to whoever asked.</summary>
    public string Answer { get; } = answer;
}
