using Edge.Catalog;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Formats;
using Edge.Storage;

namespace Edge.Commands.Definitions;

/// <summary>One definition of a directory.</summary>
/// <param name="Name">Name of its file.</param>
/// <param name="Bytes">The file, without a byte order mark.</param>
/// <param name="Experiment">What it says.</param>
internal sealed record DefinitionFile(string Name, byte[] Bytes, Experiment Experiment);

/// <summary>The files of a directory in the layout of the embedded store: one experiment each, <c>*.json</c>.</summary>
internal static class DefinitionFiles
{
    /// <summary>
    /// All of them, in order of name; null after a line for everything that is wrong with one. Throws
    /// <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when the directory cannot be read.
    /// </summary>
    public static List<DefinitionFile>? Read(string directory, string command, TextWriter error)
    {
        var files = new List<DefinitionFile>();
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        var isSound = true;
        foreach (var path in ExperimentFile.PathsIn(directory))
        {
            var name = Path.GetFileName(path);
            var bytes = JsonProblem.WithoutMark(DiskFile.ReadWhole(path, ExperimentFile.BytesMax)).ToArray();
            var reading = ExperimentReader.ReadStored(bytes, ExperimentWriter.Loosest, default);
            foreach (var violation in reading.Violations.Concat(reading.Unknown))
            {
                Report(name, $"{violation.Field} {violation.Message}");
            }

            if (reading.Experiment is not { } experiment)
            {
                continue;
            }

            if (!names.TryAdd(experiment.Uid, name))
            {
                Report(name, $"uid is that in {names[experiment.Uid]} too");
            }

            files.Add(new DefinitionFile(name, bytes, experiment));
        }

        return isSound ? files : null;

        void Report(string name, string problem)
        {
            isSound = false;
            error.WriteLine($"{command}: {name}: {problem.TrimStart()}");
        }
    }
}
