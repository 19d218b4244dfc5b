using Edge.LoadTests.Generation;
using Edge.LoadTests.Reconciliation;
using Edge.LoadTests.Reports;
using Edge.LoadTests.Scenarios;
using Edge.LoadTests.Simulations;
using Edge.LoadTests.Targets;
using Edge.LoadTests.Verdicts;

namespace Edge.LoadTests.Commands;

/// <summary>What a run has seen, before anything is made of it.</summary>
internal sealed record Findings
{
    // Copies that ask as often as this share of the bound would ask more often without it.
    private const double HeldShare = 0.98;

    public required Scenario Scenario { get; init; }
    public required Target Target { get; init; }
    public required IReadOnlyList<LoadSimulation> Simulations { get; init; }

    /// <summary>Warm-up and simulations.</summary>
    public required LoadPlan Plan { get; init; }

    public required DateTimeOffset StartedAt { get; init; }
    public required string Machine { get; init; }
    public required Results Results { get; init; }
    public required IReadOnlyList<TimelinePoint> Timeline { get; init; }

    /// <summary>
    /// Before the first request, after the last, and when the sinks had had time; null when not to be had any more.
    /// </summary>
    public required (ServerLedger Before, ServerLedger? AtEnd, ServerLedger? Settled) Ledgers { get; init; }

    public required (ServerSample? Before, ServerSample? After) Samples { get; init; }
    public required ForwardedFiles? Forwarded { get; init; }
    public required bool IsInterrupted { get; init; }

    /// <summary>The report, judged.</summary>
    public Report ToReport(LoadTestOptions options)
    {
        var latencies = Results.Latencies();
        var latency = Figures.Latency(latencies);
        var warmUp = (long)(options.WarmUp.TotalSeconds * 1e9);
        var end = IsInterrupted ? Math.Clamp(Results.Totals.LastSent, warmUp + 1, Plan.Length) : Plan.Length;
        var requests = Figures.Requests(Results.Totals, Plan, warmUp, end);
        var ledger = CompareLedgers();
        var resources =
            Samples is ({ } before, { } after) && Timeline.Count > 0
                ? Figures.Server(before, after, Results.Totals.AnsweredInAll, Timeline)
                : null;
        var contradictions = Contradictions(requests, ledger, resources);
        var thresholds = Judge(
            options.Thresholds,
            name =>
                name switch
                {
                    "p50" => latency.P50,
                    "p90" => latency.P90,
                    "p99" => latency.P99,
                    "p999" => latency.P999,
                    "max" => latency.Max,
                    "errors" => requests.ErrorPercent,
                    "lost" => ledger is null ? null : Math.Max(ledger.Lost, Forwarded?.Missing ?? 0),
                    "cpu" => resources?.CpuMicrosecondsPerRequest,
                    "rate" => requests.IntendedRate is > 0 and { } intended ? 100 * requests.SentRate / intended : null,
                    "memory-growth" => resources?.MemoryGrowthPercent,
                    "files-growth" => resources?.FilesGrowthPercent,
                    "threads-growth" => resources?.ThreadsGrowthPercent,
                    _ => throw new InvalidOperationException($"no figure for the threshold {name}"),
                }
        );
        return new Report
        {
            Scenario = Scenario.Name,
            Address = Target.IsPrivate ? "a service of this run" : Target.Address.ToString(),
            StartedAt = StartedAt,
            Command = options.Command,
            Machine = Machine,
            Server = Samples.After is { Build.Length: > 0 } sample ? sample.Build : "not known",
            Simulations = [.. Simulations.Select(SimulationText.Write)],
            WarmUpSeconds = options.WarmUp.TotalSeconds,
            MeasuredSeconds = (end - warmUp) / 1e9,
            Requests = requests,
            HeldToRate =
                Plan.CopiesMax > 0 && Timeline.Any(point => point.SentRate >= HeldShare * options.RateMax)
                    ? options.RateMax
                    : null,
            Latency = latency,
            Steps =
            [
                .. Results.Steps.Select(static step => new StepSummary(
                    step.Key,
                    step.Value.TotalCount,
                    Figures.Latency(step.Value)
                )),
            ],
            GeneratorLagP99 = Figures.At(Results.Lag, 99),
            Curve = Figures.Curve(latencies),
            Problems = Results.Problems,
            Resources = resources,
            Ledger = ledger,
            Forwarded = Forwarded,
            Contradictions = contradictions,
            Thresholds = thresholds,
            Passed = contradictions.Count == 0 && thresholds.All(static threshold => threshold.Passed),
            Timeline = Timeline,
        };
    }

    private LedgerComparison? CompareLedgers() =>
        Ledgers is ({ } before, { } atEnd, { } settled)
            ? LedgerComparison.Of(
                new OwnLedger(Results.Totals.Acknowledged, Results.RefusedEvents, Results.Totals.Unconfirmed),
                before,
                atEnd,
                settled,
                Target.IsPrivate,
                isMarked: Target.Traffic.Mark != Traffic.UnsignedMark
            )
            : null;

    /// <summary>What must not be, whatever the thresholds say, one sentence each.</summary>
    private List<string> Contradictions(RequestCounts requests, LedgerComparison? ledger, ServerSummary? resources)
    {
        List<string> found = [.. ledger?.Contradictions ?? []];
        if (IsInterrupted)
        {
            found.Add("the run was interrupted");
        }

        if (ledger is null)
        {
            found.Add("the server's ledger could be read before the run, and not after it");
        }

        if (Target.Forwarded is { } path && Forwarded is null)
        {
            found.Add($"what the sink has written to {path} cannot be read");
        }

        if (requests.Wrong > 0)
        {
            found.Add($"{requests.Wrong} answers of success were wrong");
        }

        if (Target.IsPrivate && ledger is not null && Forwarded is not null && Forwarded.Events != ledger.Stored)
        {
            found.Add($"{Forwarded.Events} events are in the files of the sink, and {ledger.Stored} were stored");
        }

        if (Forwarded is { Missing: > 0 })
        {
            found.Add($"{Forwarded.Missing} acknowledged ids were not forwarded");
        }

        if (Forwarded is { Twice: > 0 })
        {
            found.Add($"{Forwarded.Twice} ids were forwarded twice");
        }

        if (Scenario is OutageScenario && resources is { PendingMax: 0 })
        {
            found.Add("nothing was ever pending, so the sink was not off");
        }

        return found;
    }

    /// <summary>
    /// What was not measured breaks its threshold, but for what the run does not have: of the scenario's own
    /// thresholds, the rate of closed models, and the threads of a service of somebody else, are left out.
    /// </summary>
    private ThresholdResult[] Judge(IReadOnlyList<string> ofCaller, Func<string, double?> figure) =>
        [
            .. Threshold
                .Combine(Scenario.Thresholds, ofCaller)
                .Where(threshold => Has(threshold.Name) || ofCaller.Contains(threshold.Text))
                .Select(threshold => threshold.Judge(figure(threshold.Name))),
        ];

    private bool Has(string figure) =>
        figure switch
        {
            "rate" => Plan.IsOpen && Plan.CopiesMax == 0,
            "threads-growth" => Target.ProcessId is not null,
            _ => true,
        };
}
