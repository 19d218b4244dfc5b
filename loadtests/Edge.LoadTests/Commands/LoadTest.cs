using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
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
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(200);

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
        var pages = new ServerPages(client, target.Admin, options.Timeout);
        var startedAt = TimeProvider.System.GetUtcNow();
        var machine = Machine();
        var ledgerBefore = await pages.LedgerAsync(cancellation);
        var sampleBefore = await pages.SampleAsync(cancellation);
        var trial = await Trial.RunAsync(scenario, client, options.Timeout, cancellation);

        using var generator = generatorOptions.Create();
        var observation = new Observation(generator, target, pages, options.WarmUp);
        var timeline = new List<TimelinePoint>();
        await new LiveTable(console, $"{scenario.Name} against {target.Address}").ShowAsync(show =>
            observation.RunAsync(
                scenario,
                plan,
                point =>
                {
                    timeline.Add(point);
                    show(point);
                },
                cancellation
            )
        );

        var ledgerAtEnd = await pages.LedgerAsync(CancellationToken.None);
        var ledgerSettled = await SettledAsync(pages, ledgerAtEnd);
        var results = Results.Of([trial, .. generator.Recorders]);
        var findings = new Findings
        {
            Scenario = scenario,
            Target = target,
            Simulations = simulations,
            Plan = plan,
            StartedAt = startedAt,
            Machine = machine,
            Results = results,
            Timeline = timeline,
            Ledgers = (ledgerBefore, ledgerAtEnd, ledgerSettled),
            Samples = (sampleBefore, await pages.SampleAsync(CancellationToken.None)),
            Forwarded = target.Forwarded is { } path
                ? await ForwardedFiles.ReadAsync(path, target.Traffic.IdPrefix, results.Acknowledged.All())
                : null,
            IsInterrupted = cancellation.IsCancellationRequested,
        };
        var report = findings.ToReport(options);
        if (baseline is not null)
        {
            var rows = Baseline.Compare(baseline, report, options.BaselineRatio);
            report = report with { Baseline = rows, Passed = report.Passed && rows.All(static row => row.Passed) };
        }

        await WriteAsync(report);
        return report.Passed ? ExitCode.Passed : ExitCode.Failed;
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

    /// <summary>The ledger once every sink has taken what was stored at the end, or the time for it is over.</summary>
    private async Task<ServerLedger?> SettledAsync(ServerPages pages, ServerLedger? end)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var ledger = await pages.LedgerAsync(CancellationToken.None);
            if (
                end is null
                || (ledger is not null && ledger.Sinks.All(sink => sink.Taken >= end.Stored + end.InFlight))
                || clock.Elapsed > options.Settle
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
