using System.Globalization;
using Edge.Experiments;
using Edge.Experiments.Conditions;

namespace Edge.Lint;

/// <summary>Finds rules about the place of visitors where nothing says where they are. Pure.</summary>
internal static class PlaceLint
{
    /// <summary>What is wrong with such a rule.</summary>
    public const string Problem =
        "asks where the visitor is, which this server does not know: whoever runs it can set geo.database or geo.countryHeader";

    /// <summary>The paths of all rules of a smart link on <c>geo.country</c> and <c>geo.continent</c>.</summary>
    public static IReadOnlyList<string> RulesOf(Experiment experiment)
    {
        var paths = new List<string>();
        for (var i = 0; i < experiment.Variants.Count; i++)
        {
            if (
                experiment.Type == ExperimentType.SmartLink
                && experiment.Variants[i] is { IsDefault: false, Conditions: { } conditions }
            )
            {
                Collect(conditions, ExperimentLint.PathOf(i, "conditions"), paths);
            }
        }

        return paths;
    }

    /// <summary>Adds a finding for each of them.</summary>
    public static void Check(Experiment experiment, List<Finding> findings) =>
        findings.AddRange(
            RulesOf(experiment)
                .Select(path => new Finding(
                    Severity.Warning,
                    "no_geo",
                    path,
                    Problem
                ))
        );

    private static void Collect(ConditionNode node, string path, List<string> paths)
    {
        switch (node)
        {
            case ConditionGroup group:
                for (var i = 0; i < group.Children.Count; i++)
                {
                    var child = string.Create(CultureInfo.InvariantCulture, $"{path}.children[{i}]");
                    Collect(group.Children[i], child, paths);
                }

                break;
            case ConditionRule rule
                when ConditionProperty.TryParse(rule.Property, rule.ParamName, out var property)
                    && property.Source is PropertySource.Country or PropertySource.Continent:
                paths.Add(path);
                break;
        }
    }
}
