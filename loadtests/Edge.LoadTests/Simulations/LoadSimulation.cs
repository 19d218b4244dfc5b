namespace Edge.LoadTests.Simulations;

/// <summary>
/// One stretch of a run, in the vocabulary of NBomber: how many requests are meant to begin when. The open ones
/// (inject) begin requests at intended times whatever the server does; the closed ones (keep) have a number of copies
/// that each wait for their answer before they ask again. Immutable.
/// </summary>
/// <param name="During">Length of the stretch.</param>
internal abstract record LoadSimulation(TimeSpan During)
{
    /// <summary>How many requests are meant to begin in the stretch; 0 for closed ones, which do not know.</summary>
    public virtual double Arrivals => 0;

    /// <summary>Highest intended rate, requests a second; 0 for closed ones.</summary>
    public virtual double PeakRate => 0;

    /// <summary>
    /// Seconds after the beginning of the stretch at which its request number <paramref name="index"/>, from 0, is
    /// meant to begin; only asked for indices below <see cref="Arrivals"/>.
    /// </summary>
    public virtual double ArrivalAt(long index) =>
        throw new InvalidOperationException("a closed model has no arrivals");

    /// <summary>Copies of a closed model, so many seconds after the beginning of the stretch.</summary>
    public virtual int CopiesAt(double seconds) => 0;
}

/// <summary>Nothing begins.</summary>
internal sealed record Pause(TimeSpan During) : LoadSimulation(During);

/// <summary>A constant number of copies.</summary>
internal sealed record KeepConstant(int Copies, TimeSpan During) : LoadSimulation(During)
{
    public override int CopiesAt(double seconds) => Copies;
}

/// <summary>Copies that grow, or shrink, evenly from one number to another.</summary>
internal sealed record RampingConstant(int From, int To, TimeSpan During) : LoadSimulation(During)
{
    public override int CopiesAt(double seconds) =>
        (int)Math.Round(From + ((To - From) * Math.Clamp(seconds / During.TotalSeconds, 0, 1)));
}

/// <summary>Requests at a constant rate, evenly spaced.</summary>
/// <param name="Rate">Requests a second.</param>
internal sealed record Inject(double Rate, TimeSpan During) : LoadSimulation(During)
{
    public override double Arrivals => Rate * During.TotalSeconds;

    public override double PeakRate => Rate;

    public override double ArrivalAt(long index) => index / Rate;
}

/// <summary>A rate that changes evenly from one to another.</summary>
internal sealed record RampingInject(double From, double To, TimeSpan During) : LoadSimulation(During)
{
    public override double Arrivals => (From + To) / 2 * During.TotalSeconds;

    public override double PeakRate => Math.Max(From, To);

    /// <summary>After t seconds <c>From t + (To - From) t² / 2T</c> requests have begun; solved for t in the form that
    /// also holds for equal rates.</summary>
    public override double ArrivalAt(long index)
    {
        var slope = (To - From) / During.TotalSeconds;
        var root = Math.Sqrt(Math.Max(0, (From * From) + (2 * slope * index)));
        return index == 0 ? 0 : 2 * index / (From + root);
    }
}

/// <summary>A rate drawn anew for every second, evenly between two; the same seed draws the same rates.</summary>
internal sealed record InjectRandom : LoadSimulation
{
    // Requests that have begun before each second.
    private readonly double[] _begun;

    public InjectRandom(double min, double max, TimeSpan during, int seed = 1)
        : base(during)
    {
        (Min, Max) = (min, max);
        var random = new Random(seed);
        _begun = new double[(int)Math.Ceiling(during.TotalSeconds) + 1];
        for (var second = 1; second < _begun.Length; second++)
        {
            var length = Math.Min(1, during.TotalSeconds - (second - 1));
            _begun[second] = _begun[second - 1] + (length * (min + ((max - min) * random.NextDouble())));
        }
    }

    public double Min { get; }

    public double Max { get; }

    public override double Arrivals => _begun[^1];

    public override double PeakRate => Max;

    public override double ArrivalAt(long index)
    {
        var found = Array.BinarySearch(_begun, index);
        var second = Math.Min(found >= 0 ? found : ~found - 1, _begun.Length - 2);
        var length = Math.Min(1, During.TotalSeconds - second);
        return second + (length * (index - _begun[second]) / (_begun[second + 1] - _begun[second]));
    }
}

/// <summary>
/// A rate that falls from a peak by the factor e in every <see cref="TimeConstant"/>, as opens do after a send.
/// </summary>
/// <param name="Peak">Requests a second at the beginning.</param>
/// <param name="TimeConstant">After which a share of 1/e of the rate is left.</param>
internal sealed record InjectDecaying(double Peak, TimeSpan TimeConstant, TimeSpan During) : LoadSimulation(During)
{
    public override double Arrivals => Whole * (1 - Math.Exp(-During.TotalSeconds / TimeConstant.TotalSeconds));

    public override double PeakRate => Peak;

    public override double ArrivalAt(long index) => -TimeConstant.TotalSeconds * Math.Log(1 - (index / Whole));

    /// <summary>What would come if it never ended.</summary>
    private double Whole => Peak * TimeConstant.TotalSeconds;
}
