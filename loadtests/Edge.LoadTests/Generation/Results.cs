using HdrHistogram;

namespace Edge.LoadTests.Generation;

/// <summary>What generating threads have counted. Times are nanoseconds since the start of the run.</summary>
internal record struct Totals
{
    /// <summary>Requests that were due after the warm-up.</summary>
    public long Intended;

    /// <summary>Requests that were sent after the warm-up.</summary>
    public long Sent;

    /// <summary>All requests that were sent.</summary>
    public long SentInAll;

    /// <summary>Requests after the warm-up that came to an end.</summary>
    public long Ended;

    /// <summary>Of <see cref="Ended"/>, those that got an answer.</summary>
    public long Answered;

    /// <summary>All requests that got an answer.</summary>
    public long AnsweredInAll;

    /// <summary>Of <see cref="Ended"/>, those that did not pass.</summary>
    public long Errors;

    /// <summary>Of <see cref="Errors"/>, answers that were not what they should be.</summary>
    public long Wrong;

    /// <summary>Events that the server has acknowledged.</summary>
    public long Acknowledged;

    /// <summary>Events of which it is not known whether the server took them.</summary>
    public long Unconfirmed;

    public long LastSent;
    public long LastAnswered;

    public static Totals operator +(Totals a, Totals b) => Combine(a, b, 1);

    public static Totals operator -(Totals a, Totals b) => Combine(a, b, -1);

    private static Totals Combine(Totals a, Totals b, int sign) =>
        new()
        {
            Intended = a.Intended + (sign * b.Intended),
            Sent = a.Sent + (sign * b.Sent),
            SentInAll = a.SentInAll + (sign * b.SentInAll),
            Ended = a.Ended + (sign * b.Ended),
            Answered = a.Answered + (sign * b.Answered),
            AnsweredInAll = a.AnsweredInAll + (sign * b.AnsweredInAll),
            Errors = a.Errors + (sign * b.Errors),
            Wrong = a.Wrong + (sign * b.Wrong),
            Acknowledged = a.Acknowledged + (sign * b.Acknowledged),
            Unconfirmed = a.Unconfirmed + (sign * b.Unconfirmed),
            LastSent = Math.Max(a.LastSent, b.LastSent),
            LastAnswered = Math.Max(a.LastAnswered, b.LastAnswered),
        };
}

/// <summary>The counts of all threads together.</summary>
internal sealed class Results
{
    public Totals Totals { get; set; }

    public SortedDictionary<string, LongHistogram> Steps { get; } = new(StringComparer.Ordinal);

    /// <summary>How late requests were sent although a connection was free: the fault of the generator.</summary>
    public LongHistogram Lag { get; } = Recorder.NewHistogram();

    public SortedDictionary<string, long> Problems { get; } = new(StringComparer.Ordinal);

    /// <summary>Events that the server has refused, by reason.</summary>
    public SortedDictionary<string, long> RefusedEvents { get; } = new(StringComparer.Ordinal);

    public AcknowledgedNumbers Acknowledged { get; } = new();

    public static Results Of(IEnumerable<Recorder> recorders)
    {
        var results = new Results();
        foreach (var recorder in recorders)
        {
            recorder.AddTo(results);
        }

        return results;
    }

    public LongHistogram Step(string name)
    {
        if (!Steps.TryGetValue(name, out var histogram))
        {
            Steps[name] = histogram = Recorder.NewHistogram();
        }

        return histogram;
    }

    /// <summary>The latencies of all steps.</summary>
    public LongHistogram Latencies()
    {
        var all = Recorder.NewHistogram();
        foreach (var step in Steps.Values)
        {
            all.Add(step);
        }

        return all;
    }
}

/// <summary>The numbers of the events that were acknowledged by their id.</summary>
internal sealed class AcknowledgedNumbers
{
    private readonly List<ulong> _spans = [];

    public long Count => _spans.Sum(static span => (long)(span & 0xffff));

    public void Add(IEnumerable<ulong> spans) => _spans.AddRange(spans);

    public IEnumerable<long> All()
    {
        foreach (var span in _spans)
        {
            var first = (long)(span >> 16);
            for (var i = 0; i < (int)(span & 0xffff); i++)
            {
                yield return first + i;
            }
        }
    }
}
