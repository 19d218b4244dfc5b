using Edge.LoadTests.Scenarios;
using HdrHistogram;

namespace Edge.LoadTests.Generation;

/// <summary>What became of a request.</summary>
internal enum Fate
{
    /// <summary>Answered as it should be.</summary>
    Passed,

    /// <summary>Refused with a status below 500: it was not taken.</summary>
    Refused,

    /// <summary>A status of 500 and above: it may have been taken.</summary>
    Failed,

    /// <summary>An answer that is not what it should be.</summary>
    Wrong,

    /// <summary>The connection broke.</summary>
    Broken,

    /// <summary>No answer in time.</summary>
    TimedOut,
}

/// <summary>
/// Counts what one generating thread does. Times are nanoseconds since the start of the run; latencies are counted from
/// the time at which a request was meant to begin, whatever kept it from being sent. What begins before
/// <paramref name="measureFrom"/> is warm-up: counted for the ledger, measured nowhere. Thread-safe.
/// </summary>
internal sealed class Recorder(long measureFrom)
{
    // From a microsecond to an hour, three digits.
    private const long Shortest = 1_000;
    private const long Longest = 3_600_000_000_000;
    private const int Digits = 3;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LongHistogram> _steps = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _problems = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _refusedEvents = new(StringComparer.Ordinal);
    private readonly LongHistogram _lag = NewHistogram();
    private readonly List<ulong> _acknowledged = [];
    private LongHistogram _second = NewHistogram();
    private Totals _totals;
    private Totals _taken;

    /// <summary>A request was due, and will be sent as soon as a connection is free.</summary>
    public void Intended(long at)
    {
        lock (_lock)
        {
            _totals.Intended += at >= measureFrom ? 1 : 0;
        }
    }

    /// <summary>A request was sent.</summary>
    /// <param name="intended">When it was meant to begin.</param>
    /// <param name="sent">When it was.</param>
    /// <param name="waitedForConnection">Whether it had to wait for a connection; if not, only the generator can have
    /// delayed it.</param>
    public void Sent(long intended, long sent, bool waitedForConnection)
    {
        lock (_lock)
        {
            _totals.SentInAll++;
            if (intended < measureFrom)
            {
                return;
            }

            _totals.Sent++;
            _totals.LastSent = Math.Max(_totals.LastSent, sent);
            if (!waitedForConnection)
            {
                _lag.RecordValue(Math.Clamp(sent - intended, Shortest, Longest));
            }
        }
    }

    /// <summary>A request came to its end.</summary>
    /// <param name="request">What was sent.</param>
    /// <param name="number">Its first number.</param>
    /// <param name="intended">When it was meant to begin.</param>
    /// <param name="ended">When it had its answer, or none was awaited any longer.</param>
    /// <param name="fate">What became of it.</param>
    /// <param name="problem">Why, unless it passed.</param>
    public void Ended(LoadRequest request, long number, long intended, long ended, Fate fate, string? problem)
    {
        lock (_lock)
        {
            CountEvents(request, number, fate, problem);
            if (problem is not null)
            {
                var named = $"{request.Step}: {problem}";
                _problems[named] = _problems.GetValueOrDefault(named) + 1;
            }

            var isAnswered = fate is not (Fate.Broken or Fate.TimedOut);
            _totals.AnsweredInAll += isAnswered ? 1 : 0;
            if (intended < measureFrom)
            {
                return;
            }

            CountLatency(request.Step, intended, ended);
            if (isAnswered)
            {
                _totals.Answered++;
                _totals.LastAnswered = Math.Max(_totals.LastAnswered, ended);
            }

            _totals.Wrong += fate == Fate.Wrong ? 1 : 0;
            _totals.Errors += fate == Fate.Passed ? 0 : 1;
        }
    }

    /// <summary>A request waited in vain for a connection.</summary>
    public void NotSent(long intended, long ended)
    {
        lock (_lock)
        {
            const string Problem = "no free connection in time";
            _problems[Problem] = _problems.GetValueOrDefault(Problem) + 1;
            if (intended >= measureFrom)
            {
                CountLatency("(not sent)", intended, ended);
                _totals.Errors++;
            }
        }
    }

    /// <summary>Adds what has happened up to now to <paramref name="results"/>.</summary>
    public void AddTo(Results results)
    {
        lock (_lock)
        {
            results.Totals += _totals;
            foreach (var (step, histogram) in _steps)
            {
                results.Step(step).Add(histogram);
            }

            results.Lag.Add(_lag);
            Add(results.Problems, _problems);
            Add(results.RefusedEvents, _refusedEvents);
            results.Acknowledged.Add(_acknowledged);
        }
    }

    /// <summary>What has happened since the last call.</summary>
    public (Totals Totals, LongHistogram Latencies) TakeSecond()
    {
        lock (_lock)
        {
            var (latencies, totals) = (_second, _totals - _taken);
            _taken = _totals;
            _second = NewHistogram();
            return (totals, latencies);
        }
    }

    public static LongHistogram NewHistogram() => new(Shortest, Longest, Digits);

    private static void Add(SortedDictionary<string, long> to, SortedDictionary<string, long> counts)
    {
        foreach (var (name, count) in counts)
        {
            to[name] = to.GetValueOrDefault(name) + count;
        }
    }

    private void CountLatency(string step, long intended, long ended)
    {
        if (!_steps.TryGetValue(step, out var histogram))
        {
            _steps[step] = histogram = NewHistogram();
        }

        var latency = Math.Clamp(ended - intended, Shortest, Longest);
        histogram.RecordValue(latency);
        _second.RecordValue(latency);
        _totals.Ended++;
    }

    private void CountEvents(LoadRequest request, long number, Fate fate, string? problem)
    {
        switch (fate)
        {
            case Fate.Passed:
                _totals.Acknowledged += request.Events;
                if (request.HasEventIds)
                {
                    _acknowledged.Add(Span(number, request.Events));
                }

                break;
            case Fate.Refused when request.Events > 0:
                _refusedEvents[problem!] = _refusedEvents.GetValueOrDefault(problem!) + request.Events;
                break;
            case Fate.Failed or Fate.Wrong or Fate.Broken or Fate.TimedOut:
                _totals.Unconfirmed += request.Events;
                break;
        }
    }

    /// <summary>Numbers from one on, in one word: a million million numbers and 65,536 events of a request.</summary>
    private static ulong Span(long number, int events) => ((ulong)number << 16) | (uint)events;
}
