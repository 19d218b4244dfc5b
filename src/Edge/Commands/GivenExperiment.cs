using Edge.Catalog;
using Edge.Commands.Streams;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Formats;
using Edge.Settings;

namespace Edge.Commands;

/// <summary>The experiment that a command is given: a file, standard input, or the name of a stored one.</summary>
internal static class GivenExperiment
{
    /// <summary>The experiment; null after one line for each mistake.</summary>
    /// <param name="options">The settings that definitions depend on.</param>
    /// <param name="file">Its file, <c>-</c> for standard input, or the slug or uid of a stored one.</param>
    /// <param name="now">The time.</param>
    /// <param name="command">Who asks, for messages.</param>
    /// <param name="error">Takes what is wrong.</param>
    public static CatalogEntry? Read(EdgeOptions options, string file, DateTimeOffset now, string command, TextWriter error)
    {
        if (file != InputFile.Stdin && !Path.Exists(file) && (Slug.IsWellFormed(file) || VariantReader.IsIdentifier(file)))
        {
            if (StoredExperiments.Find(options, file, now, out var refused) is { } entry)
            {
                return entry;
            }

            error.WriteLine($"{command}: there is no file '{file}', and {StoredExperiments.NotFound(options, file, refused)}");
            return null;
        }

        if (InputFile.Read(file, ExperimentFile.BytesMax, command, error) is not { } bytes)
        {
            return null;
        }

        var reading = ExperimentReader.ReadStored(bytes, options.ToExperimentRules(), now);
        Report(file, reading.Violations, command, error);
        return reading.Experiment is { } experiment ? new CatalogEntry(experiment) : null;
    }

    public static void Report(string file, IReadOnlyList<Violation> violations, string command, TextWriter error)
    {
        foreach (var violation in violations)
        {
            error.WriteLine(
                $"{command}: {file}: {(violation.Field.Length == 0 ? "" : violation.Field + " ")}{violation.Message}"
            );
        }
    }
}
