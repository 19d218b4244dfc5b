using Edge.Experiments;

namespace Edge.Catalog;

/// <summary>Which file claims which uid and slug while a catalog is built. Not thread safe.</summary>
internal sealed class ExperimentClaims
{
    private readonly Dictionary<string, string> _fileByUid = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _fileBySlug = new(StringComparer.Ordinal);

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
