using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Edge.Formats;
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
        using var reports = new ReportDirectory(options.ReportDirectory);
        var run = Random.Shared.Next().ToString("x8", CultureInfo.InvariantCulture);
        if (options.Address is not null)
        {
            return await MeasureAsync(make, Named(run), baseline, reports, cancellation);
        }

        await using var service = await PrivateService.StartAsync(
            options.Binary,
            options.ServerCores,
            options.Scenario == SoakScenario.ScenarioName ? SoakScenario.Settings : new Dictionary<string, string>(),
            options.IsHttp2,
            cancellation
        );
        return await MeasureAsync(make, await service.TargetAsync(run, cancellation), baseline, reports, cancellation);
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
                Mark = MarkOf(run),
            },
        };

    private async Task<int> MeasureAsync(
        Func<Traffic, Scenario> make,
        Target target,
        Report? baseline,
        ReportDirectory reports,
        CancellationToken cancellation
    )
    {
        var scenario = make(target.Traffic);
        var simulations = options.Simulations ?? scenario.Simulations(options.Rate, options.Time);
        var measured = new LoadPlan(simulations);
        options.CheckBounds(measured);
        LoadTestOptions.CheckLength(measured, Threshold.Combine(scenario.Thresholds, options.Thresholds));
        if (baseline is not null)
        {
            Baseline.CheckComparable(baseline, scenario.Name, simulations.Select(SimulationText.Write));
        }

        var plan = new LoadPlan([.. WarmUp(measured), .. simulations]);
        var generatorOptions = new GeneratorOptions
        {
            Address = target.Address,
            Connections = options.Connections,
            Threads = options.Threads,
            Timeout = options.Timeout,
            WarmUp = options.WarmUp,
            IsHttp2 = options.IsHttp2,
            TrustsAnyCertificate = options.TrustsAnyCertificate,
            CopyRateMax = options.RateMax,
        };
        using var client = HttpClientGenerator.Client(generatorOptions);
        using var pages = new ServerPages(generatorOptions, target.Admin);
        var startedAt = TimeProvider.System.GetUtcNow();
        var machine = Machine();
        var ledgerBefore = await pages.FirstLedgerAsync(cancellation);
        var sampleBefore = await pages.SampleAsync(cancellation);
        if (options.SyntheticKey is not null && ledgerBefore.Synthetic is null)
        {
            throw new UsageException($"{target.Address} does not know signed tests: its ledger has no column for them");
        }

        var trial = await Trial.RunAsync(
            scenario,
            target.Traffic,
            client,
            options.Timeout,
            afterFirst: () =>
                options.SyntheticKey is null ? Task.CompletedTask : CheckMarkAsync(pages, ledgerBefore, cancellation),
            cancellation
        );

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

        var results = Results.Of([trial, .. generator.Recorders]);
        if (results.Totals.Ended == 0)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new UsageException("no request fell into the time after the warm-up, so nothing was measured; raise the rate, or the time");
        }

        var ledgerAtEnd = await pages.LedgerAsync(CancellationToken.None);
        var ledgerSettled = await SettledAsync(pages, ledgerAtEnd);
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
            Forwarded = await ForwardedAsync(target, results),
            IsInterrupted = cancellation.IsCancellationRequested,
        };
        var report = findings.ToReport(options);
        if (baseline is not null)
        {
            var rows = Baseline.Compare(baseline, report, options.BaselineRatio);
            report = report with { Baseline = rows, Passed = report.Passed && rows.All(static row => row.Passed) };
        }

        await WriteAsync(report, reports);
        return report.Passed ? ExitCode.Passed : ExitCode.Failed;
    }

    /// <summary>The mark of a run, signed where there is a key.</summary>
    private string MarkOf(string run) =>
        options.SyntheticKey is { } key
            ? SyntheticMark.Sign($"load-{run}", key, TimeProvider.System.GetUtcNow().AddHours(SyntheticMark.HoursMax))
            : Traffic.UnsignedMark;

    /// <summary>Looks whether the server knows the first events as a test's, before it gets more of them.</summary>
    private static async Task CheckMarkAsync(ServerPages pages, ServerLedger before, CancellationToken cancellation)
    {
        var now = await pages.LedgerAsync(cancellation);
        if (now?.Synthetic <= before.Synthetic)
        {
            throw new UsageException(
                "the service took the first request for a person's: --synthetic-key is not a key of its own, or is revoked or"
                    + " expired; edge_synthetic_marks_ignored_total in its metrics says which. Nothing more was sent"
            );
        }
    }

    /// <summary>A load that rises to the first that is measured.</summary>
    private IEnumerable<LoadSimulation> WarmUp(LoadPlan plan)
    {
        if (options.WarmUp > TimeSpan.Zero)
        {
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

    /// <summary>What the file sink has written; null when it is not known where, or cannot be read any more.</summary>
    private static async Task<ForwardedFiles?> ForwardedAsync(Target target, Results results)
    {
        try
        {
            return target.Forwarded is { } path
                ? await ForwardedFiles.ReadAsync(path, target.Traffic.IdPrefix, results.Acknowledged.All())
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private async Task WriteAsync(Report report, ReportDirectory reports)
    {
        // First where it cannot get lost.
        var markdown = MarkdownReport.Write(report);
        await output.WriteLineAsync(markdown);
        try
        {
            await output.WriteLineAsync($"Reports: {string.Join(", ", await reports.WriteAsync(report, markdown))}");
        }
        finally
        {
            await output.WriteLineAsync(report.Passed ? "PASSED" : "FAILED");
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
