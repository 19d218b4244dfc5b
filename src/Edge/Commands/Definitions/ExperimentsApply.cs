using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Edge.Commands.Streams;
using Edge.Endpoints.Management;

namespace Edge.Commands.Definitions;

/// <summary>
/// <c>edge experiments apply -f DIR</c>: makes the experiments of the key's team what the files of a directory say. The
/// service checks all of them before it stores the first; what is wrong is said per file, and nothing has changed then.
/// </summary>
internal static class ExperimentsApply
{
    private const string Name = "edge experiments apply";

    public static Command Define(StandardStreams io)
    {
        var directory = new Option<string>("--files", "-f")
        {
            HelpName = "DIR",
            Required = true,
            Description = "Directory with one experiment in each *.json.",
        };
        var dryRun = new Option<bool>("--dry-run")
        {
            Arity = ArgumentArity.Zero,
            Description = "Checks all and says what would change; stores nothing.",
        };
        var prune = new Option<bool>("--prune")
        {
            Arity = ArgumentArity.Zero,
            Description = "Archives the experiments that have no file; refused while one of them is running.",
        };
        var url = DefinitionsClient.UrlOption();
        var command = new Command("apply", "Makes the experiments of a running service what files say.")
        {
            directory,
            dryRun,
            prune,
            url,
        };
        var settings = SettingsArguments.AddTo(command);
        command.SetAction(
            async (result, _) =>
                settings.LoadUnlessNamed(result, result.GetValue(url), io.Error) is { } options
                    ? await RunAsync(
                        new DefinitionsClient(options, result.GetValue(url), Name, io.Error),
                        result.GetRequiredValue(directory),
                        result.GetValue(dryRun),
                        result.GetValue(prune),
                        io.Out,
                        io.Error
                    )
                    : ExitCode.Failure
        );
        return command;
    }

    private static async Task<int> RunAsync(
        DefinitionsClient client,
        string directory,
        bool isDryRun,
        bool prunes,
        TextWriter output,
        TextWriter error
    )
    {
        if (!Directory.Exists(directory))
        {
            await error.WriteLineAsync($"{Name}: there is no directory {directory}; -f names the one with the definitions");
            return ExitCode.WrongUsage;
        }

        if (DefinitionFiles.Read(directory, Name, error) is not { } files)
        {
            await error.WriteLineAsync($"{Name}: nothing has changed");
            return ExitCode.Failure;
        }

        // The last file of an empty checkout would take everything with it.
        if (files.Count == 0)
        {
            await error.WriteLineAsync($"{Name}: {directory} has no *.json; nothing has changed");
            return ExitCode.Failure;
        }

        var query = $"?dryRun={(isDryRun ? "true" : "false")}&prune={(prunes ? "true" : "false")}";
        var (status, body, failure) = await client.AskAsync(HttpMethod.Post, query, BodyOf(files));
        if (failure != ExitCode.Success)
        {
            return failure;
        }

        try
        {
            if (status == HttpStatusCode.BadRequest)
            {
                return Refuse(files, body, error);
            }

            return status == HttpStatusCode.OK ? Show(files, body, isDryRun, output) : client.Refuse(status, body);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            await error.WriteLineAsync($"{Name}: the service answered {(int)status} in words of another version");
            return ExitCode.Failure;
        }
    }

    /// <summary>The files as they are, so that the service sees what they leave out.</summary>
    private static byte[] BodyOf(List<DefinitionFile> files)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteStartArray(ApplyDefinitions.Member);
            foreach (var file in files)
            {
                json.WriteRawValue(file.Bytes);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return body.ToArray();
    }

    private static int Show(List<DefinitionFile> files, byte[] body, bool isDryRun, TextWriter output)
    {
        var names = files.ToDictionary(file => file.Experiment.Uid, file => file.Name, StringComparer.Ordinal);
        using var answer = JsonDocument.Parse(body);
        var changes = 0;
        foreach (var result in answer.RootElement.GetProperty("results").EnumerateArray())
        {
            var uid = result.GetProperty("uid").GetString()!;
            var done = result.GetProperty("result").GetString();
            changes += done == "unchanged" ? 0 : 1;
            var line = $"{done}\t{names.GetValueOrDefault(uid, uid)}\t{result.GetProperty("slug").GetString()}";
            output.WriteLine(
                result.TryGetProperty("changes", out var changed)
                    ? $"{line}\t{string.Join(", ", changed.EnumerateArray().Select(static member => member.GetString()))}"
                    : line
            );
        }

        if (isDryRun)
        {
            output.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"dry run: {changes} would change, nothing has")
            );
        }

        return ExitCode.Success;
    }

    /// <summary>A line for everything that is wrong, with the file in place of its number.</summary>
    private static int Refuse(List<DefinitionFile> files, byte[] body, TextWriter error)
    {
        using var answer = JsonDocument.Parse(body);
        foreach (var violation in answer.RootElement.GetProperty("errors").EnumerateArray())
        {
            var field = violation.GetProperty("field").GetString()!;
            const string Prefix = ApplyDefinitions.Member + "[";
            if (
                field.StartsWith(Prefix, StringComparison.Ordinal)
                && field.IndexOf(']', StringComparison.Ordinal) is var end and > 0
                && int.TryParse(field.AsSpan(Prefix.Length..end), CultureInfo.InvariantCulture, out var index)
                && index < files.Count
            )
            {
                field = $"{files[index].Name}: {field[(end + 1)..].TrimStart('.')}";
            }

            error.WriteLine($"{Name}: {field.TrimEnd()} {violation.GetProperty("message").GetString()}");
        }

        error.WriteLine($"{Name}: nothing has changed");
        return ExitCode.Failure;
    }
}
