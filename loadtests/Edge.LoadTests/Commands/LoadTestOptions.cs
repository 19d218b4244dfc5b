using System.Globalization;
using System.Text;
using Edge.Formats;
using Edge.LoadTests.Reports;
using Edge.LoadTests.Scenarios;
using Edge.LoadTests.Simulations;
using Edge.LoadTests.Verdicts;

namespace Edge.LoadTests.Commands;

/// <summary>What the caller has asked for, checked as far as it can be without the service.</summary>
internal sealed record LoadTestOptions
{
    // A busy machine takes a sample less now and then.
    private const int GrowthSecondsMin = Figures.GrowthSamplesMin + 4;

    // Assemblies, terminal, reports, pages of the server, and what starts a private service.
    private const int OpenFilesBesides = 200;

    // Less what warm-up and the last answers take.
    private static readonly TimeSpan MarkedMax = TimeSpan.FromHours(SyntheticMark.HoursMax - 1);

    public required string Scenario { get; init; }

    /// <summary>The service; null for one of this run's own.</summary>
    public Uri? Address { get; init; }

    /// <summary>Where metrics and ledger are, when not at <see cref="Address"/>.</summary>
    public Uri? Admin { get; init; }

    public required string Binary { get; init; }

    /// <summary>Cores of a private service, as taskset names them.</summary>
    public string? ServerCores { get; init; }

    public required IReadOnlyList<string> Keys { get; init; }
    /// <summary>The secret that signs the marks of the run; null leaves them unsigned.</summary>
    public string? SyntheticKey { get; init; }

    public required string Experiment { get; init; }

    /// <summary>Requests a second, at the peak.</summary>
    public required double Rate { get; init; }

    public required TimeSpan Time { get; init; }

    /// <summary>Null for the scenario's own at <see cref="Rate"/> and <see cref="Time"/>.</summary>
    public LoadSimulation[]? Simulations { get; init; }

    public required TimeSpan WarmUp { get; init; }
    public required int Connections { get; init; }
    public required int Threads { get; init; }
    public required TimeSpan Timeout { get; init; }
    public required TimeSpan Settle { get; init; }
    public bool IsHttp2 { get; init; }
    public bool TrustsAnyCertificate { get; init; }
    public bool NamesAddresses { get; init; }
    public required IReadOnlyList<string> Thresholds { get; init; }
    public string? Baseline { get; init; }
    public required double BaselineRatio { get; init; }
    public required string ReportDirectory { get; init; }
    public string? Forwarded { get; init; }
    public (string Off, string On)? SinkSwitch { get; init; }

    /// <summary>Highest rate, requests a second, and longest time that are run.</summary>
    public required double RateMax { get; init; }

    public required TimeSpan TimeMax { get; init; }

    /// <summary>The command line without keys.</summary>
    public required string Command { get; init; }

    /// <exception cref="UsageException">Something is out of range.</exception>
    public void Check()
    {
        _ = Threshold.Combine([], Thresholds);
        CheckAddress("--url", Address);
        CheckAddress("--admin-url", Admin);
        Require(Rate > 0, "--rate must be above 0, in requests a second");
        Require(Time > TimeSpan.Zero, "--minutes must be above 0");
        Require(WarmUp >= TimeSpan.Zero, "--warm-up must not be below 0, in seconds");
        Require(Connections is >= 1 and <= 60_000, "--connections must be 1 to 60000");
        Require(
            Threads >= 1 && Threads <= Math.Min(64, Connections),
            "--threads must be 1 to 64, and no more than connections"
        );
        Require(Timeout > TimeSpan.Zero, "--timeout must be above 0, in seconds");
        Require(BaselineRatio >= 1, "--baseline-ratio must be 1 or more");
        Require(Settle >= TimeSpan.Zero, "--settle must not be below 0, in seconds");
        Require(RateMax > 0, "--allow-rate must be above 0, in requests a second");
        Require(
            SinkSwitch is not null || Address is null || Scenario != OutageScenario.ScenarioName,
            "scenario outage needs --sink-off and --sink-on: commands that take the sink away and give it back"
        );
        Require(
            SinkSwitch is null || (Address is not null && Scenario == OutageScenario.ScenarioName),
            "--sink-off and --sink-on are for scenario outage with --url"
        );
        Require(
            SyntheticKey?.StartsWith("syn_", StringComparison.Ordinal) is not false,
            "--synthetic-key must hold a key of the kind synthetic (syn_); edge keys create --kind synthetic makes one"
        );
        Require(
            SyntheticKey is null || Address is not null,
            "--synthetic-key is for --url: a service of this run has nobody to keep it apart from"
        );
        Require(
            Keys.Append(SyntheticKey ?? "").All(static key => Ascii.IsValid(key)),
            "a key holds a letter that no key has: keys are ASCII, such as wk_..."
        );
        Require(
            OpenFilesMax() is not { } files || Connections + OpenFilesBesides <= files,
            $"--connections {Connections} needs {Connections + OpenFilesBesides} open files, and ulimit -n allows {OpenFilesMax()}"
        );
        Require(Forwarded is null || Path.Exists(Forwarded), $"--forwarded {Forwarded}: there is no such path");
    }

    /// <summary>Bounds what is about to be sent.</summary>
    /// <exception cref="UsageException">It is nothing, or more than the caller has allowed.</exception>
    public void CheckBounds(LoadPlan plan)
    {
        Require(plan.PeakRate > 0 || plan.CopiesMax > 0, "the simulation sends nothing, so nothing would be measured");
        Require(
            plan.PeakRate <= RateMax,
            $"{plan.PeakRate:0} requests a second are above the bound of {RateMax:0}; --allow-rate raises it"
        );
        Require(
            plan.Length <= TimeMax.TotalSeconds * 1e9,
            $"{plan.Length / 60e9:0.#} minutes are above the bound of {TimeMax.TotalMinutes:0.#}; --allow-minutes raises it"
        );
        Require(
            SyntheticKey is null || plan.Length < MarkedMax.TotalSeconds * 1e9,
            $"a signed mark holds for {SyntheticMark.HoursMax} hours, so a run with --synthetic-key must be shorter"
        );
        Require(
            plan.CopiesMax <= Connections,
            $"{plan.CopiesMax} copies need as many connections: --connections {plan.CopiesMax}"
        );
    }

    /// <summary>Growth is measured by a sample a second.</summary>
    /// <exception cref="UsageException">The plan is too short for one of the thresholds.</exception>
    public static void CheckLength(LoadPlan plan, IEnumerable<Threshold> thresholds)
    {
        if (thresholds.FirstOrDefault(static threshold => threshold.IsOfGrowth) is { } growth)
        {
            Require(
                plan.Length >= GrowthSecondsMin * 1e9,
                $"{growth.Text} cannot be measured in less than {GrowthSecondsMin} seconds after the warm-up"
            );
        }
    }

    /// <summary>How many this process may have open at most, its own raising included; null for any number.</summary>
    private static int? OpenFilesMax()
    {
        const string Name = "Max open files";
        var line = File.ReadLines("/proc/self/limits").First(static line => line.StartsWith(Name, StringComparison.Ordinal));
        // Name, soft limit, hard limit, unit.
        return int.TryParse(line[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture, out var most) ? most : null;
    }

    private static void CheckAddress(string option, Uri? address)
    {
        if (address is not null)
        {
            Require(
                address.Scheme is "http" or "https",
                $"{option} must be an address like http://127.0.0.1:8080, not '{address.OriginalString}'"
            );
            Require(
                address.PathAndQuery == "/",
                $"{option} takes no path: {address.GetLeftPart(UriPartial.Authority)} alone"
            );
        }
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new UsageException(problem);
        }
    }
}
