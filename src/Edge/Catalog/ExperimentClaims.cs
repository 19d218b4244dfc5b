using Edge.Experiments;

namespace Edge.Catalog;

/// <summary>Which file claims which uid and slug while a catalog is built. Not thread safe.</summary>
internal sealed class ExperimentClaims
{
    private readonly Dictionary<string, string> _fileByUid = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _fileBySlug = new(StringComparer.Ordinal);

    /// <summary>
    /// The order in which files claim: the older experiment first; of a file and its copy, the one that is named after
    /// the uid, as the service names them, or else the slug, as people do, else the first by name. Depends on the files
    /// alone, so it is the same while the service runs and when it starts.
    /// </summary>
    public static IEnumerable<T> InOrder<T>(IEnumerable<T> files, Func<T, (Experiment Experiment, string File)> of) =>
        files
            .Select(file => (File: file, Key: of(file)))
            .OrderBy(file => file.Key.Experiment.CreatedAt)
            .ThenBy(file => file.Key.File != file.Key.Experiment.Uid + ExperimentFile.Extension)
            .ThenBy(file => file.Key.File != file.Key.Experiment.Slug + ExperimentFile.Extension)
            .ThenBy(file => file.Key.File, StringComparer.Ordinal)
            .Select(file => file.File)
            .ToList();

    /// <summary>
    /// Claims the uid and slug of an experiment for its file, both or neither. Archived experiments claim no slug.
    /// </summary>
    public bool TryClaim(Experiment experiment, string file, out ExperimentFileProblem problem)
    {
        var hasSlug = experiment.Status != ExperimentStatus.Archived;
        problem = default;
        if (_fileByUid.TryGetValue(experiment.Uid, out var holder))
        {
            problem = new ExperimentFileProblem(file, "uid", $"'{experiment.Uid}' is already the uid in {holder}");
            return false;
        }
        if (hasSlug && _fileBySlug.TryGetValue(experiment.Slug, out holder))
        {
            problem = new ExperimentFileProblem(file, "slug", $"'{experiment.Slug}' is already the slug in {holder}");
            return false;
        }
        _fileByUid.Add(experiment.Uid, file);
        if (hasSlug)
        {
            _fileBySlug.Add(experiment.Slug, file);
        }
        return true;
    }
}
