using System.CommandLine;
using System.Net;
using System.Text;
using System.Text.Json;
using Edge.Commands.Filters;
using Edge.Commands.Streams;
using Edge.Endpoints.Live;
using Edge.Events;
using Edge.Machine;
using Edge.Settings;

namespace Edge.Commands;

/// <summary>
/// <c>edge tail</c>: prints events of the running service as they are stored, and requests as they are refused, until
/// it is interrupted. One line each, for people or as JSON.
/// </summary>
internal sealed class TailCommand(EdgeOptions options, bool isJson, TextWriter output, TextWriter error)
{
    private const string Name = "edge tail";
    private const string DataPrefix = "data: ";
    private const string TypePrefix = "event: ";

    /// <summary>Most bytes of one answer that is a refusal.</summary>
    private const int RefusalMaxBytes = 64 << 10;

    /// <summary>What a line has for people, in this order; what an event does not have is left out.</summary>
    private static readonly string[] Columns =
    [
        "received_at",
        "type",
        "event",
        "experiment",
        "variant",
        "country",
        "device_type",
        "browser",
        "source",
        "verdict",
        "verdict_reason",
        "synthetic",
    ];

    /// <summary>What <c>--type</c> takes.</summary>
    private static readonly string[] Types = [.. EventSchema.Types, LiveFeed.Refused];

    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(10);

    public static Command Define(StandardStreams io)
    {
        var url = new Option<string>("--url")
        {
            HelpName = "URL",
            Description = "Address of the management API; without it the configured one.",
        };
        var experiment = Only("--experiment", "SLUG", "Only events of this experiment.");
        var type = Only("--type", "TYPE", "Only events of this type, or refused.");
        type.CompletionSources.Add(Types);
        var verdict = Only("--verdict", "VERDICT", "Only events with this verdict.");
        verdict.CompletionSources.Add(VerdictNames.All);
        var json = new Option<bool>("--json") { Arity = ArgumentArity.Zero, Description = "Prints JSON lines." };
        var command = new Command("tail", "Prints events as they are stored, and requests as they are refused.")
        {
            url,
            experiment,
            type,
            verdict,
            json,
        };
        var settings = SettingsArguments.AddTo(command);
        command.SetAction(
            async (result, _) =>
            {
                if (
                    (ProblemOf(result, type, Types) ?? ProblemOf(result, verdict, VerdictNames.All)) is { } problem
                )
                {
                    await io.Error.WriteLineAsync($"{Name}: {problem}");
                    return ExitCode.WrongUsage;
                }

                var given = result.GetValue(url);
                if (settings.LoadUnlessNamed(result, given, io.Error) is not { } options)
                {
                    return ExitCode.Failure;
                }

                var query = QueryOf(
                    ("experiment", result.GetValue(experiment)),
                    ("type", result.GetValue(type)),
                    ("verdict", result.GetValue(verdict))
                );
                var tail = new TailCommand(options, result.GetValue(json), io.Out, io.Error);
                using var stop = new StopSignals();
                return await LineFilter.RunAsync(() => tail.RunAsync(given, query, stop.Token));
            }
        );
        return command;
    }

    /// <param name="url">Address of the service; null for the configured one.</param>
    /// <param name="query">What is asked for, as the query of the API.</param>
    /// <param name="cancellation">The interrupt that ends it.</param>
    public async Task<int> RunAsync(string? url, string query, CancellationToken cancellation)
    {
        if (ServiceAddress.OfManagement(options, url) is not { } address)
        {
            await error.WriteLineAsync($"{Name}: {ServiceAddress.Problem(url)}");
            return ExitCode.WrongUsage;
        }

        if (ManagementKey.Read() is not { } key)
        {
            await error.WriteLineAsync($"{Name}: {ManagementKey.Missing}");
            return ExitCode.WrongUsage;
        }

        try
        {
            using var service = new ServiceClient(address, options.HttpProtocol, AnswerDeadline, RefusalMaxBytes);
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address.Uri, LiveEndpoint.Path + query));
            request.Headers.Authorization = key;
            using var answer = await service.OpenAsync(request, cancellation);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                var detail = ProblemText.DetailOf(await answer.Content.ReadAsByteArrayAsync(cancellation));
                await error.WriteLineAsync($"{Name}: {address} answered {(int)answer.StatusCode}: {detail}");
                return ExitCode.Failure;
            }

            await PrintAsync(answer, cancellation);
            await error.WriteLineAsync($"{Name}: the service has ended the stream: it stops, or too much came for this reader");
            return ExitCode.Failure;
        }
        catch (Exception e)
            when (e is OperationCanceledException or IOException && cancellation.IsCancellationRequested)
        {
            return ExitCode.Success;
        }
        catch (ServiceUnreachableException e)
        {
            await error.WriteLineAsync($"{Name}: {address}: {e.Message}; is the service running there? --url asks elsewhere");
            return ExitCode.Failure;
        }
        catch (IOException)
        {
            await error.WriteLineAsync($"{Name}: the connection to {address} has ended");
            return ExitCode.Failure;
        }
    }

    private static Option<string> Only(string name, string value, string description) =>
        new(name) { HelpName = value, Description = description };

    /// <summary>What is wrong with the value of an option that takes one of a closed set; null when nothing is.</summary>
    private static string? ProblemOf(ParseResult result, Option<string> option, string[] known) =>
        result.GetValue(option) is { } word && SettingValue.OneOf(known, word) is { } problem
            ? $"{option.Name} {problem}"
            : null;

    private static string QueryOf(params ReadOnlySpan<(string Name, string? Value)> fields)
    {
        var query = new StringBuilder();
        foreach (var (name, value) in fields)
        {
            if (value is not null)
            {
                query.Append(query.Length == 0 ? '?' : '&');
                query.Append(name).Append('=').Append(Uri.EscapeDataString(value));
            }
        }

        return query.ToString();
    }

    private async Task PrintAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellation), Encoding.UTF8);
        var type = "";
        while (await lines.ReadLineAsync(cancellation) is { } line)
        {
            if (line.StartsWith(TypePrefix, StringComparison.Ordinal))
            {
                type = line[TypePrefix.Length..];
            }
            else if (line.StartsWith(DataPrefix, StringComparison.Ordinal))
            {
                var data = line[DataPrefix.Length..];
                await output.WriteLineAsync(isJson ? data : Describe(type, data));
                await output.FlushAsync(cancellation);
            }
        }
    }

    private static string Describe(string type, string json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        if (type != "event")
        {
            return $"{type} {json}";
        }

        var line = new StringBuilder();
        foreach (var column in Columns)
        {
            if (root.TryGetProperty(column, out var value))
            {
                line.Append(line.Length == 0 ? "" : " ").Append(value);
            }
        }

        // Senders choose some of the values. Other control characters are escaped as they are written.
        return line.Replace("\n", @"\u000a").Replace("\t", @"\u0009").ToString();
    }
}
