using System.CommandLine;
using System.Net;
using System.Text.Json;
using Edge.Catalog;
using Edge.Commands.Filters;
using Edge.Commands.Streams;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Recovery;
using Edge.Settings;
using Edge.Statistics;
using Edge.Statistics.Counting;
using Edge.Statistics.Inference;
using Edge.Statistics.Results;

namespace Edge.Commands.Results;

/// <summary>
/// <c>edge results SLUG</c>: draws the results of an experiment for people. They come from the data directory, whether
/// or not the service runs; with <c>--url</c> from the API of a running service. Changes nothing.
/// </summary>
internal sealed class ResultsCommand(EdgeOptions options, TimeProvider time, TextWriter output, TextWriter error)
{
    private const string Name = "edge results";
    private const int AnswerMaxBytes = 64 << 20;
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(10);

    public static Command Define(StandardStreams io)
    {
        var slug = new Argument<string>("SLUG") { Description = "Slug or uid of the experiment." };
        var url = new Option<string>("--url")
        {
            HelpName = "URL",
            Description = "Asks the service there, with the management key in the environment variable EDGE_KEY.",
        };
        var command = new Command("results", "Draws the results of an experiment: what to do, variants, breakdown.")
        {
            slug,
            url,
        };
        var settings = SettingsArguments.AddTo(command).WithDataDir(command);
        command.SetAction(
            async (result, _) =>
            {
                var given = result.GetValue(url);
                return settings.LoadUnlessNamed(result, given, io.Error) is { } options
                    ? await LineFilter.RunAsync(() =>
                        new ResultsCommand(options, TimeProvider.System, io.Out, io.Error).RunAsync(
                            result.GetRequiredValue(slug),
                            given
                        )
                    )
                    : ExitCode.Failure;
            }
        );
        return command;
    }

    /// <param name="slug">Slug or uid of the experiment.</param>
    /// <param name="url">Address of the service; null reads the data directory.</param>
    public async Task<int> RunAsync(string slug, string? url)
    {
        if (url is not null)
        {
            return await AskAsync(slug, url);
        }
        if (Read(slug) is not { } results)
        {
            return ExitCode.Failure;
        }
        ResultsText.Write(results, output);
        return ExitCode.Success;
    }

    private async Task<int> AskAsync(string slug, string url)
    {
        if (ServiceAddress.OfPublic(options, url) is not { } address)
        {
            await error.WriteLineAsync($"{Name}: {ServiceAddress.Problem(url)}");
            return ExitCode.WrongUsage;
        }
        if (ManagementKey.Read() is not { } key)
        {
            await error.WriteLineAsync($"{Name}: --url {ManagementKey.Missing}");
            return ExitCode.WrongUsage;
        }
        var target = new Uri(address.Uri, $"/experiments/api/{Uri.EscapeDataString(slug)}/results");
        using var service = new ServiceClient(address, options.HttpProtocol, AnswerDeadline, AnswerMaxBytes);
        using var request = new HttpRequestMessage(HttpMethod.Get, target);
        request.Headers.Authorization = key;
        try
        {
            using var answer = await service.SendAsync(request, CancellationToken.None);
            var body = await answer.Content.ReadAsByteArrayAsync();
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                await error.WriteLineAsync($"{Name}: {target} answered {(int)answer.StatusCode}: {ProblemText.DetailOf(body)}");
                return ExitCode.Failure;
            }
            ResultsText.Write(Parse(body), output);
            return ExitCode.Success;
        }
        catch (ServiceUnreachableException e)
        {
            await error.WriteLineAsync($"{Name}: {target}: {e.Message}");
            return ExitCode.Failure;
        }
        catch (JsonException)
        {
            await error.WriteLineAsync($"{Name}: {target} answered with results of another version");
            return ExitCode.Failure;
        }
    }

    private static ExperimentResults Parse(byte[] body)
    {
        using var answer = JsonDocument.Parse(body);
        return answer.RootElement.TryGetProperty("results", out var results)
            ? results.Deserialize(StatisticsJson.Default.ExperimentResults) ?? throw new JsonException()
            : throw new JsonException();
    }

    /// <summary>The results of what is committed; null after saying why there are none.</summary>
    private ExperimentResults? Read(string slug)
    {
        try
        {
            var now = time.GetUtcNow();
            if (StoredExperiments.Find(options, slug, now, out var refused) is not { } entry)
            {
                error.WriteLine($"{Name}: {StoredExperiments.NotFound(options, slug, refused)}");
                return null;
            }
            return ExperimentResults.Compute(entry.Experiment, InputOf(entry, now));
        }
        catch (Exception e)
            when (e
                    is IOException
                        or UnauthorizedAccessException
                        or JournalException
                        or InvalidDataException
            )
        {
            error.WriteLine($"{Name}: {e.Message.ReplaceLineEndings(" ")}");
            return null;
        }
    }

    private ResultsInput InputOf(CatalogEntry entry, DateTimeOffset now)
    {
        var runTime = entry.Experiment.RunTime(now);
        var catalog = new CatalogHolder();
        catalog.Swap(new ExperimentCatalog([entry], version: 1));
        return Count(catalog, now.ToUnixTimeMilliseconds()).Find(entry.Experiment.Uid) is { } counter
            ? counter.Copy().ToResultsInput(now, runTime)
            : new ResultsInput
            {
                Now = now,
                RunningTime = runTime,
                Trials = new TrialStatistics(),
                SampleRatio = new SampleRatioCounts(),
            };
    }

    /// <summary>The tally's last checkpoint and what the journal has committed since.</summary>
    private TallyCounts Count(CatalogHolder catalog, long nowMs)
    {
        using var journal = JournalView.Open(options.ToJournalOptions());
        var limits = TallyLimits.Default with { UnitsMax = options.TallyUnitsMax };
        var file = new TallyFile(options.DataDir, journal.EpochId);
        var state = file.Peek();
        var counts = state is null
            ? new TallyCounts(limits, catalog)
            : TallyCounts.FromState(state, limits, catalog);
        var walker = journal.Walk(state?.Address ?? 0);
        for (var step = walker.Step(); step != WalkStep.End; step = walker.Step())
        {
            // What is damaged the service passes over too.
            if (step == WalkStep.Record)
            {
                counts.Count(walker.Payload, walker.Envelope.Id.CreatedAtMs, nowMs);
            }
        }
        counts.Mature(nowMs, isUpToDate: true);
        return counts;
    }
}
