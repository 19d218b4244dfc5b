using Edge.Forwarding.Pump;
using Edge.Journal;

namespace Edge.Endpoints.Operations;

/// <summary>
/// How fast events are stored and taken, from what was counted when somebody looked before: nothing is measured while
/// nobody looks. Thread safe.
/// </summary>
internal sealed class ForwardingRates(TimeProvider time)
{
    /// <summary>A rate is that since the look nearest to this long ago, but no sooner than <see cref="Shortest"/>.</summary>
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    /// <summary>Looks that lie further back say nothing of now.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    private readonly Queue<Look> _looks = new();
    private readonly Lock _lock = new();

    /// <summary>Notes the counts of now and returns what they are compared with; null when nobody has looked lately.</summary>
    public Look? Take(JournalStatus journal, IReadOnlyList<SinkStatus> sinks)
    {
        var now = time.GetTimestamp();
        lock (_lock)
        {
            while (
                _looks.Count > 0
                && (
                    time.GetElapsedTime(_looks.Peek().At, now) > Longest
                    || (_looks.Count > 1 && time.GetElapsedTime(_looks.ElementAt(1).At, now) >= Span)
                )
            )
            {
                _looks.Dequeue();
            }

            var before = _looks.Count > 0 && time.GetElapsedTime(_looks.Peek().At, now) >= Shortest ? _looks.Peek() : null;
            if (_looks.Count == 0 || time.GetElapsedTime(_looks.Last().At, now) >= Shortest)
            {
                var passed = sinks.ToDictionary(sink => sink.Name, PassedBy, StringComparer.Ordinal);
                _looks.Enqueue(new Look(now, journal.CommittedSequence, journal.TailAddress, passed));
            }

            return before;
        }
    }

    /// <summary>Events a second of a counter since a look.</summary>
    public double PerSecond(Look before, long then, long now) =>
        Math.Round(Math.Max(0, now - then) / time.GetElapsedTime(before.At).TotalSeconds, 1);

    /// <summary>
    /// Seconds until the journal is full if events come as since a look and no sink takes any; null when none come, or
    /// nobody has looked lately.
    /// </summary>
    public double? SecondsUntilFull(Look? before, JournalStatus now) =>
        before is not null && PerSecond(before, before.TailAddress, now.TailAddress) is > 0 and var bytes
            ? Math.Round(now.RoomBytes / bytes)
            : null;

    /// <summary>Events that a sink is done with, whatever became of them.</summary>
    public static long PassedBy(SinkStatus sink) => sink.Stored - sink.Pending;

    /// <summary>What was counted at one moment.</summary>
    /// <param name="At">Timestamp.</param>
    /// <param name="Stored">Events stored.</param>
    /// <param name="TailAddress">Where the next record goes.</param>
    /// <param name="Passed">Events that each sink was done with.</param>
    public sealed record Look(long At, long Stored, long TailAddress, Dictionary<string, long> Passed);
}
