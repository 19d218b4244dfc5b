using Edge.Experiments;
using Edge.Experiments.Conditions;

namespace Edge.Statistics.WhatIf;

/// <summary>What the choice of an experiment depends on, beyond what every event says of its visitor.</summary>
/// <param name="Referrer">The referring site.</param>
/// <param name="Query">Parameters of the link.</param>
/// <param name="TimeZone">The visitor's clock.</param>
/// <param name="Missing">What no event says, by the published name of the property; null when there is nothing.</param>
internal readonly record struct VisitorNeeds(bool Referrer, bool Query, bool TimeZone, string? Missing)
{
    public static VisitorNeeds Of(Experiment experiment)
    {
        var needs = new VisitorNeeds(
            false,
            false,
            experiment.Type == ExperimentType.Scheduled && experiment.Variants.Any(static variant => variant.Schedule is not null),
            null
        );
        if (experiment.Type != ExperimentType.SmartLink)
        {
            return needs;
        }

        foreach (var variant in experiment.Variants)
        {
            needs = variant is { IsDefault: false, Conditions: { } conditions } ? needs.With(conditions, experiment) : needs;
        }

        return needs;
    }

    private VisitorNeeds With(ConditionNode node, Experiment experiment)
    {
        var needs = this;
        switch (node)
        {
            case ConditionGroup group:
                foreach (var child in group.Children)
                {
                    needs = needs.With(child, experiment);
                }

                return needs;
            case ConditionRule rule when ConditionProperty.TryParse(rule.Property, rule.ParamName, out var property):
                return property.Source switch
                {
                    PropertySource.ReferrerDomain => needs with { Referrer = true },
                    // The event of a click alone has the address with its parameters.
                    PropertySource.QueryParameter when experiment.TrialStart == TrialStart.Click => needs with { Query = true },
                    PropertySource.QueryParameter or PropertySource.Language or PropertySource.Attribute => needs with
                    {
                        Missing = needs.Missing ?? property.PublishedName,
                    },
                    _ => needs,
                };
            default:
                return needs;
        }
    }
}
