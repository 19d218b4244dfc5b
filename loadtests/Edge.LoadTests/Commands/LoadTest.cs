using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Edge.LoadTests.Generation;
using Edge.LoadTests.Reconciliation;
using Edge.LoadTests.Reports;
using Edge.LoadTests.Scenarios;
using Edge.LoadTests.Simulations;
using Edge.LoadTests.Targets;
using Edge.LoadTests.Verdicts;
using IAnsiConsole = Spectre.Console.IAnsiConsole;

namespace Edge.LoadTests.Commands;

/// <summary>One run from the service to the verdict.</summary>
internal sealed class LoadTest(LoadTestOptions options, TextWriter output, IAnsiConsole console)
{
    // Requests that are tried before the run have numbers that no thread reaches.
    private const long TrialNumbers = 990_000_000_000;
    private const int ShownOfAnAnswer = 200;
    private static readonly TimeSpan StartAhead = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BetweenPoints = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(200);

    private readonly Recorder _trial = new(long.MaxValue);

    /// <returns>An <see cref="ExitCode"/>.</returns>
    /// <exception cref="UsageException">It cannot be run.</exception>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var make = ScenarioCatalog.Find(options.Scenario);
        var baseline = options.Baseline is { } file ? Report.Read(file) : null;
        var run = Random.Shared.Next().ToString("x8", CultureInfo.InvariantCulture);
        if (options.Address is not null)
        {
            return await MeasureAsync(make, Named(run), baseline, cancellation);
        }

        await using var service = await PrivateService.StartAsync(
            options.Binary,
            options.ServerCores,
            options.Scenario == SoakScenario.ScenarioName ? SoakScenario.Settings : new Dictionary<string, string>(),
            options.IsHttp2,
            cancellation
        );
        return await MeasureAsync(make, await service.TargetAsync(run, cancellation), baseline, cancellation);
    }

    private Target Named(string run) =>
        new()
        {
            Address = options.Address!,
            Admin = options.Admin ?? options.Address!,
            Forwarded = options.Forwarded,
            SinkSwitch = options.SinkSwitch,
            Traffic = new Traffic
            {
                Run = run,
                Experiment = options.Experiment,
                Keys = options.Keys,
                NamesAddresses = options.NamesAddresses,
            },
        };

    private async Task<int> MeasureAsync(
        Func<Traffic, Scenario> make,
        Target target,
        Report? baseline,
        CancellationToken cancellation
    )
    {
        var scenario = make(target.Traffic);
        var simulations = options.Simulations ?? scenario.Simulations(options.Rate, options.Time);
        var plan = new LoadPlan([.. WarmUp(simulations), .. simulations]);
        options.CheckBounds(new LoadPlan(simulations));
        var generatorOptions = new GeneratorOptions
        {
            Address = target.Address,
            Connections = options.Connections,
            Threads = options.Threads,
            Timeout = options.Timeout,
            WarmUp = options.WarmUp,
            IsHttp2 = options.IsHttp2,
            TrustsAnyCertificate = options.TrustsAnyCertificate,
        };
        using var client = HttpClientGenerator.Client(generatorOptions);
        var pages = new ServerPages(client, target.Admin);
        var startedAt = TimeProvider.System.GetUtcNow();
        var machine = Machine();
        var ledgerBefore = await pages.LedgerAsync(cancellation);
        var sampleBefore = await pages.SampleAsync(cancellation);
        await TryAsync(scenario, client, cancellation);

        using var generator = generatorOptions.Create();
        var timeline = new List<TimelinePoint>();
        var title = $"{scenario.Name} against {target.Address}";
        await new LiveTable(console, title).ShowAsync(show =>
            GenerateAsync(
                generator,
                scenario,
                plan,
                target,
                pages,
                point =>
                {
                    timeline.Add(point);
                    show(point);
                },
                cancellation
            )
        );

        var ledgerAtEnd = await pages.LedgerAsync(CancellationToken.None);
        var ledgerSettled = await SettledAsync(pages, ledgerAtEnd, cancellation);
        var sampleAfter = await pages.SampleAsync(CancellationToken.None);
        var results = new Results();
        _trial.AddTo(results);
        foreach (var recorder in generator.Recorders)
        {
            recorder.AddTo(results);
        }

        var report = await ReportAsync();
        report = report with { Passed = report.Passed && !cancellation.IsCancellationRequested };
        if (baseline is not null)
        {
            var rows = Baseline.Compare(baseline, report, options.BaselineRatio);
            report = report with { Baseline = rows, Passed = report.Passed && rows.All(static row => row.Passed) };
        }

        await WriteAsync(report);
        return report.Passed ? ExitCode.Passed : ExitCode.Failed;

        async Task<Report> ReportAsync()
        {
            var latencies = results.Latencies();
            var requests = Figures.Requests(results.Totals, plan, Nanoseconds(options.WarmUp));
            var comparison =
                ledgerBefore is null || ledgerAtEnd is null || ledgerSettled is null
                    ? null
                    : LedgerComparison.Of(
                        new OwnLedger(results.Totals.Acknowledged, results.RefusedEvents, results.Totals.Unconfirmed),
                        ledgerBefore,
                        ledgerAtEnd,
                        ledgerSettled,
                        target.IsPrivate
                    );
            var forwarded = target.Forwarded is { } path
                ? await ForwardedFiles.ReadAsync(path, target.Traffic.IdPrefix, results.Acknowledged.All())
                : null;
            var resources =
                sampleBefore is null || sampleAfter is null || timeline.Count == 0
                    ? null
                    : Figures.Server(sampleBefore, sampleAfter, results.Totals.Answered, timeline);
            var latency = Figures.Latency(latencies);
            var contradictions = Contradictions(scenario, target.IsPrivate, requests, comparison, forwarded, resources);
            var thresholds = Judge(
                scenario,
                name =>
                    name switch
                    {
                        "p50" => latency.P50,
                        "p90" => latency.P90,
                        "p99" => latency.P99,
                        "p999" => latency.P999,
                        "max" => latency.Max,
                        "errors" => requests.ErrorPercent,
                        "lost" => comparison is null ? null : Math.Max(comparison.Lost, forwarded?.Missing ?? 0),
                        "cpu" => resources?.CpuMicrosecondsPerRequest,
                        "rate" => requests.IntendedRate is { } intended ? 100 * requests.SentRate / intended : null,
                        "memory-growth" => resources?.MemoryGrowthPercent,
                        "files-growth" => resources?.FilesGrowthPercent,
                        "threads-growth" => resources?.ThreadsGrowthPercent,
                        _ => throw new InvalidOperationException($"no figure for the threshold {name}"),
                    }
            );
            return new Report
            {
                Scenario = scenario.Name,
                Address = target.IsPrivate ? "a service of this run" : target.Address.ToString(),
                StartedAt = startedAt,
                Command = options.Command,
                Machine = machine,
                Server = sampleAfter is { Build.Length: > 0 } ? sampleAfter.Build : "not known",
                Simulations = [.. simulations.Select(SimulationText.Write)],
                WarmUpSeconds = options.WarmUp.TotalSeconds,
                MeasuredSeconds = (plan.Length / 1e9) - options.WarmUp.TotalSeconds,
                Requests = requests,
                Latency = latency,
                Steps =
                [
                    .. results.Steps.Select(static step => new StepSummary(
                        step.Key,
                        step.Value.TotalCount,
                        Figures.Latency(step.Value)
                    )),
                ],
                GeneratorLagP99 = Figures.At(results.Lag, 99),
                Curve = Figures.Curve(latencies),
                Problems = results.Problems,
                Resources = resources,
                Ledger = comparison,
                Forwarded = forwarded,
                Contradictions = contradictions,
                Thresholds = thresholds,
                Passed = contradictions.Count == 0 && thresholds.All(static threshold => threshold.Passed),
                Timeline = timeline,
            };
        }
    }

    /// <summary>The caller's thresholds must be measured; the scenario's are left out where they cannot be.</summary>
    private ThresholdResult[] Judge(Scenario scenario, Func<string, double?> figure) =>
        [
            .. Threshold
                .Combine(scenario.Thresholds, options.Thresholds)
                .Where(threshold => figure(threshold.Name) is not null || options.Thresholds.Contains(threshold.Text))
                .Select(threshold => threshold.Judge(figure(threshold.Name))),
        ];

    private static List<string> Contradictions(
        Scenario scenario,
        bool isPrivate,
        RequestCounts requests,
        LedgerComparison? ledger,
        ForwardedFiles? forwarded,
        ServerSummary? resources
    )
    {
        List<string> found = [.. ledger?.Contradictions ?? []];
        if (requests.Wrong > 0)
        {
            found.Add($"{requests.Wrong} answers of success were wrong");
        }

        if (isPrivate && ledger is not null && forwarded is not null && forwarded.Events != ledger.Stored)
        {
            found.Add($"{forwarded.Events} events are in the files of the sink, and {ledger.Stored} were stored");
        }

        if (forwarded is { Missing: > 0 })
        {
            found.Add($"{forwarded.Missing} acknowledged ids were not forwarded");
        }

        if (forwarded is { Twice: > 0 })
        {
            found.Add($"{forwarded.Twice} ids were forwarded twice");
        }

        if (scenario is OutageScenario && resources is { PendingMax: 0 })
        {
            found.Add("nothing was ever pending, so the sink was not off");
        }

        return found;
    }

    /// <summary>A load that rises to the first that is measured.</summary>
    private IEnumerable<LoadSimulation> WarmUp(LoadSimulation[] simulations)
    {
        if (options.WarmUp > TimeSpan.Zero)
        {
            var plan = new LoadPlan(simulations);
            yield return plan.PeakRate > 0
                ? new RampingInject(1, plan.PeakRate, options.WarmUp)
                : new RampingConstant(1, plan.CopiesMax, options.WarmUp);
        }
    }

    /// <summary>
    /// Sends one request of each step, so that a wrong key or slug is found before anything is measured.
    /// </summary>
    private async Task TryAsync(Scenario scenario, HttpClient client, CancellationToken cancellation)
    {
        var number = TrialNumbers;
        foreach (var sample in scenario.Samples)
        {
            using var message = HttpMessages.Create(sample, number);
            message.Version = client.DefaultRequestVersion;
            message.VersionPolicy = client.DefaultVersionPolicy;
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            deadline.CancelAfter(options.Timeout);
            try
            {
                using var response = await client.SendAsync(message, deadline.Token);
                var body = await response.Content.ReadAsByteArrayAsync(deadline.Token);
                if (HttpMessages.Problem(sample, response, body, number) is { } problem)
                {
                    throw new UsageException(Refusal(sample, problem, body));
                }

                _trial.Ended(sample, number, 0, 0, Fate.Passed, problem: null);
            }
            catch (HttpRequestException e)
            {
                throw new UsageException($"{client.BaseAddress} cannot be reached: {e.Message}");
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new UsageException(
                    $"{client.BaseAddress} does not answer within {options.Timeout.TotalSeconds:0.#} s"
                );
            }

            number += sample.Events + 1;
        }
    }

    private static string Refusal(LoadRequest sample, string problem, byte[] body)
    {
        var said = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, ShownOfAnAnswer)));
        var meaning = problem switch
        {
            "HTTP 401" or "HTTP 403" => "the key is refused",
            "HTTP 404" => "there is no such route or experiment",
            _ => "the answer is not what it should be",
        };
        return $"{sample.Method} {sample.Target.Split('?')[0]}: {meaning} ({problem}): {said}";
    }

    private async Task GenerateAsync(
        IGenerator generator,
        Scenario scenario,
        LoadPlan plan,
        Target target,
        ServerPages pages,
        Action<TimelinePoint> show,
        CancellationToken cancellation
    )
    {
        var start = Clock.Now + Nanoseconds(StartAhead);
        var generating = Task.Run(
            () => generator.RunAsync(scenario, plan, start, cancellation),
            CancellationToken.None
        );
        var lastAt = start + Nanoseconds(options.WarmUp);
        var (sampledAt, last) = (Clock.Now, await pages.SampleAsync(cancellation));
        using var sinkSwitch = new SinkSwitch(scenario is OutageScenario ? target.SinkSwitch : null);
        var measured = TimeSpan.FromSeconds(plan.Length / 1e9) - options.WarmUp;
        while (!generating.IsCompleted)
        {
            await Task.WhenAny(generating, Task.Delay(BetweenPoints, CancellationToken.None));
            var now = Clock.Now;
            await sinkSwitch.FollowAsync(OutageScenario.Switches(measured), Since(start) - options.WarmUp);
            var sample = await pages.SampleAsync(CancellationToken.None);
            if (now > lastAt)
            {
                var cores = (sample?.CpuSeconds - last?.CpuSeconds) / ((now - sampledAt) / 1e9);
                var second = ((lastAt - start) / 1e9) - options.WarmUp.TotalSeconds;
                // The last requests were sent before the last second was over.
                var end = start + plan.Length;
                var length = (lastAt < end ? Math.Min(now, end) - lastAt : now - lastAt) / 1e9;
                show(Point(generator, second, length, cores, sample, Threads(target.ProcessId)));
                lastAt = now;
            }

            (sampledAt, last) = (now, sample);
        }

        await generating;
        await sinkSwitch.OnAsync();
    }

    private static TimelinePoint Point(
        IGenerator generator,
        double second,
        double length,
        double? cores,
        ServerSample? now,
        double? threads
    )
    {
        var totals = default(Totals);
        var latencies = Recorder.NewHistogram();
        foreach (var recorder in generator.Recorders)
        {
            var (counted, measured) = recorder.TakeSecond();
            totals += counted;
            latencies.Add(measured);
        }

        return new TimelinePoint(
            second,
            totals.Intended / length,
            totals.Sent / length,
            totals.Ended / length,
            totals.Errors / length,
            Figures.At(latencies, 50),
            Figures.At(latencies, 99),
            Figures.At(latencies, 100),
            cores,
            now?.MemoryBytes / (1 << 20),
            now?.OpenFiles,
            threads,
            now?.Connections,
            now?.Pending
        );
    }

    /// <summary>The ledger once every sink has taken what was stored at the end, or the time for it is over.</summary>
    private async Task<ServerLedger?> SettledAsync(ServerPages pages, ServerLedger? end, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var ledger = await pages.LedgerAsync(CancellationToken.None);
            if (
                end is null
                || (ledger is not null && ledger.Sinks.All(sink => sink.Taken >= end.Stored + end.InFlight))
                || clock.Elapsed > options.Settle
                || cancellation.IsCancellationRequested
            )
            {
                return ledger;
            }

            await Task.Delay(BetweenLooks, CancellationToken.None);
        }
    }

    private async Task WriteAsync(Report report)
    {
        var markdown = MarkdownReport.Write(report);
        Directory.CreateDirectory(options.ReportDirectory);
        var path = Path.Combine(options.ReportDirectory, "report");
        await File.WriteAllTextAsync($"{path}.json", report.ToJson());
        await File.WriteAllTextAsync($"{path}.md", markdown);
        await File.WriteAllTextAsync($"{path}.html", HtmlReport.Write(report));
        await output.WriteLineAsync(markdown);
        await output.WriteLineAsync($"Reports: {path}.html, {path}.md, {path}.json");
        await output.WriteLineAsync(report.Passed ? "PASSED" : "FAILED");
    }

    private static TimeSpan Since(long at) => TimeSpan.FromTicks((Clock.Now - at) / 100);

    private static long Nanoseconds(TimeSpan time) => (long)(time.TotalSeconds * 1e9);

    private static double? Threads(int? processId)
    {
        try
        {
            return processId is { } id ? Directory.GetDirectories($"/proc/{id}/task").Length : null;
        }
        catch (IOException)
        {
            // It has ended.
            return null;
        }
    }

    private static string Machine()
    {
        // All of the machine's, not those that this process is pinned to.
        var processors = File.ReadLines("/proc/cpuinfo")
            .Where(static line => line.StartsWith("processor", StringComparison.Ordinal))
            .Count();
        var model = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal));
        var load = File.ReadAllText("/proc/loadavg").Split(' ')[0];
        return $"{processors} cores of {model?.Split(':')[^1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString()}, "
            + $"{RuntimeInformation.OSDescription}; load average before the run {load}";
    }
}
