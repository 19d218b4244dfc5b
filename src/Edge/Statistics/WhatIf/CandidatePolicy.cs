using Edge.Catalog;
using Edge.Enrichment.Geo;
using Edge.Experiments;
using Edge.Formats;
using Edge.Selection.Conditions;

namespace Edge.Statistics.WhatIf;

/// <summary>
/// Which variant an experiment would have chosen for a visitor of the log, by the code that serves. Its weights are
/// chances, as nobody's bucket is in the log. Thread safe.
/// </summary>
internal sealed class CandidatePolicy
{
    private readonly CatalogEntry _entry;
    private readonly double[] _weights;

    public CandidatePolicy(Experiment experiment)
    {
        // A completed one would serve its winner to everybody, which is not what is asked.
        _entry = new CatalogEntry(experiment with { Status = ExperimentStatus.Running });
        Variants = [.. experiment.Variants.Select(static variant => variant.Id)];
        _weights =
        [
            .. experiment.Variants.Select(static variant => variant.Weight / (double)BasisPoints.Whole),
        ];
    }

    /// <summary>Ids of its variants, in order.</summary>
    public IReadOnlyList<string> Variants { get; }

    /// <summary>The chance of each variant for the visitor of a trial; they sum to 1.</summary>
    public void Choose(in LoggedTrial trial, Span<double> chances)
    {
        if (_entry.Type == ExperimentType.AbTest)
        {
            _weights.CopyTo(chances);
            return;
        }

        var visitor = trial.Visitor;
        var context = new VisitorContext
        {
            Now = trial.At,
            DeviceType = visitor.Device,
            Os = visitor.Os,
            Browser = visitor.Browser,
            Country = visitor.Country.Text,
            Continent = visitor.Country.Continent,
            Referrer = visitor.Referrer,
            Query = visitor.Query,
            Zone = VisitorZones.Find(visitor.TimeZone) ?? VisitorZones.OfCountry(visitor.Country.Text),
        };
        chances.Clear();
        chances[VariantSelector.Choose(_entry, context, unit: default).Variant] = 1;
    }
}
