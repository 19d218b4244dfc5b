namespace Edge.Statistics.Counting;

/// <summary>The limits of the tally, so that no traffic can make it grow without bound.</summary>
internal sealed record TallyLimits
{
    /// <summary>The limits of the service.</summary>
    public static readonly TallyLimits Default = new();

    /// <summary>Hours in an hourly series: 35 days if every hour has events.</summary>
    public const int HoursKept = 35 * 24;

    /// <summary>Days in a daily series.</summary>
    public const int DaysKept = 400;

    /// <summary>
    /// Hours of a variant that have a sketch of their units; older ones have its number. A unit that comes later than
    /// that is in its day and in the total.
    /// </summary>
    public const int UniqueHoursHeld = 25;

    /// <summary>Days of a variant that have a sketch of their units.</summary>
    public const int UniqueDaysHeld = 32;

    /// <summary>Hours and days that keep their sketch, however many sketches there are.</summary>
    public const int UniquePeriodsHeldMin = 2;

    /// <summary>
    /// Days the counts of an experiment outlive its file, so that a volume that is mounted late loses nothing.
    /// </summary>
    public const int MissingKeptDays = 7;

    /// <summary>
    /// Hours a unit is remembered after its first exposure, or until the end of a longer window; a second exposure
    /// within that time does not start a trial.
    /// </summary>
    public const int UnitKeptHours = 24;

    /// <summary>
    /// Seconds by which an event may be late and still find its trial open. Requests run concurrently and a commit
    /// takes a moment, so the journal is not strictly in order of time.
    /// </summary>
    public const int LatenessSeconds = 10;

    /// <summary>
    /// Seconds by which an event may be ahead of the clock before its time is ignored: events recorded while the clock
    /// was wrong must not close the trials of the correct time.
    /// </summary>
    public const int AheadSeconds = 60;

    /// <summary>Maximum number of experiments with counts, deleted ones included.</summary>
    public int ExperimentsMax { get; init; } = 20_000;

    /// <summary>
    /// Maximum number of variants of one experiment, removed ones included: five times as many as a definition may
    /// have.
    /// </summary>
    public int VariantsMax { get; init; } = 100;

    /// <summary>
    /// Maximum number of units remembered over all experiments, at about 50 bytes each and up to 186 with an open trial;
    /// further ones are counted but start no trials. A quarter is kept for windows of at most a day.
    /// </summary>
    public int UnitsMax { get; init; } = 1_000_000;

    /// <summary>
    /// Maximum number of values in the breakdowns of all experiments together, at about 200 bytes each; with all taken,
    /// a new value takes the place of another.
    /// </summary>
    public int BreakdownRowsMax { get; init; } = 250_000;

    /// <summary>
    /// Maximum number of points of all series together, at 40 bytes each; beyond that, all series are halved,
    /// repeatedly if necessary.
    /// </summary>
    public int SeriesPointsMax { get; init; } = 500_000;

    /// <summary>
    /// Maximum bytes of the sketches that count unique units, of all experiments together: 32 for each unit that may be
    /// remembered, so 32 MB by default. Hours and days have up to three quarters of them; when more than half is taken,
    /// the older ones keep their numbers and no sketch.
    /// </summary>
    public int UniqueBytesMax => (int)Math.Min(int.MaxValue, 32L * UnitsMax);

    /// <summary>Maximum number of weights versions kept per experiment; the oldest are dropped first.</summary>
    public int WeightVersionsMax { get; init; } = 1_000;
}
