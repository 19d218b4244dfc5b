namespace Edge.Benchmarks;

/// <summary>One row of the calibration table: simulated traffic, and what the reference simulation found.</summary>
internal sealed record CalibrationScenario(string Name)
{
    /// <summary>Success rate of each variant before <see cref="Drift"/>.</summary>
    public required double[] Rates { get; init; }

    public required int TrialsPerDay { get; init; }
    public int Days { get; init; } = 28;
    public int RecomputesPerDay { get; init; } = 24;

    /// <summary>
    /// Days until a trial counts; the experiment runs for as much longer, and looks begin as much later. The law of the
    /// looks at a fixed split is that of the same traffic without a delay.
    /// </summary>
    public int WindowDays { get; init; }

    /// <summary>Factor common to all rates at a day of the experiment; day 0 is a Monday, 00:00 UTC.</summary>
    public Func<double, double> Drift { get; init; } = _ => 1;

    public bool IsBandit { get; init; } = true;

    /// <summary>
    /// Basis points of units that take part, by the hashes of the service; null for all, chosen by chance. A fifth of
    /// 5,000 a day has the reference of 1,000 a day.
    /// </summary>
    public int? TrafficShare { get; init; }

    /// <summary>
    /// Whether a success is worth a random amount (log-normal, sigma 1) and means are compared, as for the goal value.
    /// The law of the looks is the same as for rates, so the reference is too.
    /// </summary>
    public bool IsValued { get; init; }

    /// <summary>Beta on plain counts, to show what that does; the product has no such estimate.</summary>
    public bool IsPooled { get; init; }

    /// <summary>Shares of runs with a winner by column, as the reference has them; null where it has none.</summary>
    public required double?[] Reference { get; init; }

    /// <summary>Runs behind the reference.</summary>
    public int ReferenceRuns { get; init; } = 400;

    /// <summary>By column of the power table: share that was correct when declared, and mean day.</summary>
    public Dictionary<int, (double Correct, double Day)> PowerReference { get; init; } = [];

    /// <summary>Regret relative to an equal split.</summary>
    public double? RegretReference { get; init; }

    /// <summary>Index of the best variant where there is one.</summary>
    public int? Best => Rates.Distinct().Count() > 1 ? Array.IndexOf(Rates, Rates.Max()) : null;

    private static readonly double[] Equal = [0.05, 0.05];

    /// <summary>The rows. Null rows first: with equal variants, every winner is a false one.</summary>
    public static readonly CalibrationScenario[] All =
    [
        new("fixed 50/50, 1k/d")
        {
            Rates = Equal,
            TrialsPerDay = 1000,
            IsBandit = false,
            Reference = [.738, .420, .258, .340, .258, .020, null],
        },
        new("AIPW, 1k/d")
        {
            Rates = Equal,
            TrialsPerDay = 1000,
            Reference = [.715, .360, .165, .273, .152, .035, .062],
        },
        new("AIPW, 96 recomputes/d, 1k/d")
        {
            Rates = Equal,
            TrialsPerDay = 1000,
            RecomputesPerDay = 96,
            ReferenceRuns = 200,
            Reference = [.730, .365, .170, .275, .170, .030, .055],
        },
        new("AIPW, 5k/d")
        {
            Rates = Equal,
            TrialsPerDay = 5000,
            ReferenceRuns = 200,
            Reference = [.730, .380, .175, .280, .205, .000, .075],
        },
        new("AIPW, K=4, 2k/d")
        {
            Rates = [.05, .05, .05, .05],
            TrialsPerDay = 2000,
            ReferenceRuns = 200,
            Reference = [.020, .005, .000, .005, .000, .000, .000],
        },
        new("AIPW, trend 0.5 to 2, 5k/d")
        {
            Rates = Equal,
            TrialsPerDay = 5000,
            Drift = Trend,
            ReferenceRuns = 200,
            Reference = [.770, .405, .210, .320, .190, .010, .085],
        },
        new("AIPW, hour and weekend, 5k/d")
        {
            Rates = Equal,
            TrialsPerDay = 5000,
            Drift = Season,
            ReferenceRuns = 200,
            Reference = [.725, .355, .195, .295, .180, .000, .055],
        },
        new("value, fixed 50/50, 1k/d")
        {
            Rates = Equal,
            TrialsPerDay = 1000,
            IsBandit = false,
            IsValued = true,
            Reference = [.738, .420, .258, .340, .258, .020, null],
        },
        new("value, AIPW, 5k/d")
        {
            Rates = Equal,
            TrialsPerDay = 5000,
            IsValued = true,
            ReferenceRuns = 200,
            Reference = [.730, .380, .175, .280, .205, .000, .075],
        },
        new("value, AIPW, trend 0.5 to 2, 5k/d")
        {
            Rates = Equal,
            TrialsPerDay = 5000,
            Drift = Trend,
            IsValued = true,
            ReferenceRuns = 200,
            Reference = [.770, .405, .210, .320, .190, .010, .085],
        },
        new("pooled, trend 0.5 to 2, 1k/d")
        {
            Rates = Equal,
            TrialsPerDay = 1000,
            Drift = Trend,
            IsPooled = true,
            Reference = [1.0, 1.0, 1.0, 1.0, 1.0, .993, null],
        },
        new("pooled, hour and weekend, 5k/d")
        {
            Rates = Equal,
            TrialsPerDay = 5000,
            Drift = Season,
            IsPooled = true,
            ReferenceRuns = 200,
            Reference = [1.0, .985, .965, .980, .975, .760, null],
        },
        new("4 % and 5 %, 1k/d")
        {
            Rates = [.04, .05],
            TrialsPerDay = 1000,
            Reference = [null, null, .900, null, .905, .480, null],
            PowerReference = new()
            {
                [2] = (1.0, 13.3),
                [4] = (1.0, 15.5),
                [5] = (1.0, 14.9),
            },
            RegretReference = .309,
            ReferenceRuns = 200,
        },
        new("4 % and 5 %, 5k/d")
        {
            Rates = [.04, .05],
            TrialsPerDay = 5000,
            Reference = [null, null, 1.0, null, null, .955, null],
            PowerReference = new() { [2] = (1.0, 7.7), [5] = (1.0, 11.1) },
            RegretReference = .153,
            ReferenceRuns = 200,
        },
        new("5 % and 5.5 %, 1k/d, 56 d")
        {
            Rates = [.05, .055],
            TrialsPerDay = 1000,
            Days = 56,
            Reference = [null, null, .740, null, null, .195, null],
            ReferenceRuns = 200,
            PowerReference = new() { [2] = (.993, 24.7), [5] = (1.0, 25.2) },
        },
        new("K=5, 3 to 5 %, 5k/d")
        {
            Rates = [.03, .035, .04, .045, .05],
            TrialsPerDay = 5000,
            Reference = [null, null, .750, null, null, null, null],
            ReferenceRuns = 200,
            PowerReference = new() { [2] = (1.0, 17.0) },
        },
        new("share 20 %, AIPW, 5k/d")
        {
            Rates = Equal,
            TrialsPerDay = 5000,
            TrafficShare = 2_000,
            Reference = [.715, .360, .165, .273, .152, .035, .062],
        },
        new("window 14 d, fixed 50/50, 1k/d")
        {
            Rates = Equal,
            TrialsPerDay = 1000,
            WindowDays = 14,
            IsBandit = false,
            Reference = [.738, .420, .258, .340, .258, .020, null],
        },
        new("window 14 d, AIPW, 1k/d")
        {
            Rates = Equal,
            TrialsPerDay = 1000,
            WindowDays = 14,
            // Half of the trials began under the configured weights, because weights move only after the first window.
            Reference = [.738, .420, .258, .340, .258, .020, null],
        },
    ];

    private static double Trend(double day) => 0.5 + 1.5 * day / 28;

    private static double Season(double day)
    {
        var weekend = (int)day % 7 >= 5 ? 1.6 : 1;
        return weekend * (1 + 0.5 * Math.Sin(2 * Math.PI * (day - Math.Floor(day))));
    }
}
