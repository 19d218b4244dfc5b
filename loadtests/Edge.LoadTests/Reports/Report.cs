using System.Text.Encodings.Web;
using System.Text.Json;
using Edge.LoadTests.Reconciliation;
using Edge.LoadTests.Verdicts;

namespace Edge.LoadTests.Reports;

/// <summary>
/// Everything that a run has found; <c>report.json</c> is its serialization, and Markdown and HTML are drawn from it.
/// Latencies are milliseconds, from the intended start to the whole answer.
/// </summary>
internal sealed record Report
{
    /// <summary>Of a day's run.</summary>
    private const long BytesMax = 64 << 20;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public required string Scenario { get; init; }
    public required string Address { get; init; }
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The options of the run, without keys.</summary>
    public required string Command { get; init; }

    public required string Machine { get; init; }

    /// <summary>What the server says it is.</summary>
    public required string Server { get; init; }

    public required IReadOnlyList<string> Simulations { get; init; }
    public required double WarmUpSeconds { get; init; }
    public required double MeasuredSeconds { get; init; }
    public required RequestCounts Requests { get; init; }

    /// <summary>The rate that copies were held to, requests a second; null when none were.</summary>
    public double? HeldToRate { get; init; }

    public required LatencySummary Latency { get; init; }
    public required IReadOnlyList<StepSummary> Steps { get; init; }

    /// <summary>99th percentile of how late the generator itself sent what it could have sent.</summary>
    public required double GeneratorLagP99 { get; init; }

    /// <summary>The percentile curve.</summary>
    public required IReadOnlyList<CurvePoint> Curve { get; init; }

    public required IReadOnlyDictionary<string, long> Problems { get; init; }

    /// <summary>What the server says of itself; null when its metrics could not be read.</summary>
    public ServerSummary? Resources { get; init; }

    /// <summary>Null when the ledger could not be read.</summary>
    public LedgerComparison? Ledger { get; init; }

    /// <summary>Null when what was forwarded could not be read.</summary>
    public ForwardedFiles? Forwarded { get; init; }

    public required IReadOnlyList<string> Contradictions { get; init; }
    public required IReadOnlyList<ThresholdResult> Thresholds { get; init; }
    public IReadOnlyList<BaselineRow> Baseline { get; init; } = [];
    public required bool Passed { get; init; }

    /// <summary>One point for each second.</summary>
    public required IReadOnlyList<TimelinePoint> Timeline { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <exception cref="UsageException">There is no report in the file.</exception>
    public static Report Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<Report>(GivenFile.Read("--baseline", path, BytesMax), Json)
                ?? throw new UsageException($"--baseline {path} holds no report");
        }
        catch (JsonException)
        {
            throw new UsageException($"--baseline {path} is no report.json of a load test");
        }
    }
}

/// <param name="Intended">Requests that were due after the warm-up.</param>
/// <param name="IntendedRate">By the plan, requests a second; null for closed models.</param>
/// <param name="SentRate">Measured, requests a second.</param>
/// <param name="Ended">Requests that were answered or given up.</param>
/// <param name="AnsweredRate">Answers of any kind, requests a second; what was given up is none.</param>
/// <param name="Errors">Requests that did not get the answer they should have got.</param>
/// <param name="Wrong">Of these, answers of success that were wrong.</param>
internal sealed record RequestCounts(
    long Intended,
    long Sent,
    long Ended,
    double? IntendedRate,
    double SentRate,
    double AnsweredRate,
    long Errors,
    long Wrong
)
{
    public double ErrorPercent => Ended == 0 ? 0 : 100.0 * Errors / Ended;
}

internal sealed record LatencySummary(double P50, double P90, double P99, double P999, double Max, double Mean);

internal sealed record StepSummary(string Step, long Count, LatencySummary Latency);

/// <param name="Percentile">0 to 100.</param>
internal sealed record CurvePoint(double Percentile, double Milliseconds);

/// <param name="CpuSeconds">Processor time of the server, warm-up and coming to rest included; null when another
/// process answered at the end.</param>
/// <param name="CpuMicrosecondsPerRequest">The same divided by all answered requests.</param>
/// <param name="MemoryGrowthPercent">Median of the last quarter of the run beside that of the second; null for short
/// runs, and when another process answered at the end.</param>
/// <param name="FilesGrowthPercent">The same of open files without connections.</param>
internal sealed record ServerSummary(
    double? CpuSeconds,
    double? CpuMicrosecondsPerRequest,
    double MemoryMebibytes,
    double OpenFiles,
    double? Threads,
    double PendingMax,
    double? MemoryGrowthPercent,
    double? FilesGrowthPercent,
    double? ThreadsGrowthPercent
);

/// <param name="Second">Since the end of the warm-up.</param>
/// <param name="Cores">Processor time of the server in this second, in cores.</param>
internal sealed record TimelinePoint(
    double Second,
    double IntendedRate,
    double SentRate,
    double AnsweredRate,
    double ErrorRate,
    double P50,
    double P99,
    double Max,
    double? Cores,
    double? MemoryMebibytes,
    double? OpenFiles,
    double? Threads,
    double? Connections,
    double? Pending
);
