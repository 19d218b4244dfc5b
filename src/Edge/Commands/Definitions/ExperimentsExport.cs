using System.CommandLine;
using System.Net;
using System.Text;
using System.Text.Json;
using Edge.Catalog;
using Edge.Commands.Streams;
using Edge.Endpoints.Management;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Settings;
using Edge.Storage;

namespace Edge.Commands.Definitions;

/// <summary>
/// <c>edge experiments export DIR</c>: writes every experiment of the key's team, archived ones too, into a directory, byte
/// for byte as the embedded store keeps it. A file that has an experiment keeps its name; others stay as they are.
/// </summary>
internal static class ExperimentsExport
{
    private const string Name = "edge experiments export";

    public static Command Define(StandardStreams io)
    {
        var directory = new Argument<string>("DIR") { Description = "Where the files go; made when it is not there." };
        var url = DefinitionsClient.UrlOption();
        var command = new Command("export", "Writes the experiments of a running service into files.")
        {
            directory,
            url,
        };
        var settings = SettingsArguments.AddTo(command);
        command.SetAction(
            async (result, _) =>
                settings.LoadUnlessNamed(result, result.GetValue(url), io.Error) is { } options
                    ? await RunAsync(options, result.GetRequiredValue(directory), result.GetValue(url), io.Out, io.Error)
                    : ExitCode.Failure
        );
        return command;
    }

    private static async Task<int> RunAsync(
        EdgeOptions options,
        string directory,
        string? url,
        TextWriter output,
        TextWriter error
    )
    {
        if (directory.Length == 0 || File.Exists(directory))
        {
            await error.WriteLineAsync($"{Name}: DIR must be the name of a directory, not '{directory}'");
            return ExitCode.WrongUsage;
        }

        List<DefinitionFile>? present = [];
        if (Directory.Exists(directory) && (present = DefinitionFiles.Read(directory, Name, error)) is null)
        {
            await error.WriteLineAsync($"{Name}: nothing was written; mend these files, or name another directory");
            return ExitCode.Failure;
        }

        var client = new DefinitionsClient(options, url, Name, error);
        var (status, body, failure) = await client.AskAsync(HttpMethod.Get);
        if (failure != ExitCode.Success)
        {
            return failure;
        }

        if (status != HttpStatusCode.OK)
        {
            return client.Refuse(status, body);
        }

        if (Parse(body) is not { } experiments)
        {
            await error.WriteLineAsync($"{Name}: the service is of another version: this one does not read what it has");
            return ExitCode.Failure;
        }

        Directory.CreateDirectory(directory);
        AtomicFile.DeleteUnfinished(directory);
        var byUid = present.ToDictionary(file => file.Experiment.Uid, StringComparer.Ordinal);
        foreach (var experiment in experiments)
        {
            var bytes = ExperimentWriter.WriteStored(experiment);
            _ = byUid.TryGetValue(experiment.Uid, out var file);
            var name = file?.Name ?? experiment.Uid + ExperimentFile.Extension;
            var isSame = file is not null && file.Bytes.AsSpan().SequenceEqual(bytes);
            if (!isSame)
            {
                AtomicFile.Write(directory, name, bytes);
            }

            var done = file is null ? "created" : isSame ? "unchanged" : "changed";
            await output.WriteLineAsync($"{done}\t{name}\t{experiment.Slug}");
        }

        return ExitCode.Success;
    }

    /// <summary>The experiments of an answer; null when one of them would lose something.</summary>
    private static List<Experiment>? Parse(byte[] body)
    {
        try
        {
            var experiments = new List<Experiment>();
            using var answer = JsonDocument.Parse(body);
            foreach (var definition in answer.RootElement.GetProperty(ApplyDefinitions.Member).EnumerateArray())
            {
                var json = Encoding.UTF8.GetBytes(definition.GetRawText());
                var reading = ExperimentReader.ReadStored(json, ExperimentWriter.Loosest, default);
                if (reading is not { Experiment: { } experiment, LosesMembers: false })
                {
                    return null;
                }

                experiments.Add(experiment);
            }

            return experiments;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
