using Edge.Experiments;
using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Recovery;
using Edge.Statistics.Counting;

namespace Edge.Statistics.WhatIf;

/// <summary>An estimate from the journal, and whether it has read all that was asked for.</summary>
internal sealed record WhatIfFinding(WhatIfReport Report, bool IsWhole);

/// <summary>
/// Estimates what an experiment would have come to from the journal of the running service. One at a time, on a thread of its
/// own that works at most half of the time and gives way to requests, within limits of bytes, trials and time. Thread safe.
/// </summary>
/// <param name="journal">Where the journal is; it is read without its lock, up to the last commit.</param>
/// <param name="time">The clock.</param>
/// <param name="stopping">Ends what is under way when the service stops.</param>
internal sealed class WhatIfStudy(JournalOptions journal, TimeProvider time, CancellationToken stopping)
{
    /// <summary>Bytes of the journal that are read at most, the newest.</summary>
    public const long BytesMax = 4L << 30;

    /// <summary>Trials that are kept at most, the oldest of the time that is asked for: about 40 MB.</summary>
    public const int TrialsMax = 200_000;

    /// <summary>Events between two looks at the clock.</summary>
    private const int EventsPerLook = 64;

    /// <summary>How long it may take, pauses included.</summary>
    private static readonly TimeSpan DurationMax = TimeSpan.FromSeconds(60);

    /// <summary>After so much work it rests for as long.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(5);

    private int _isBusy;

    /// <summary>Works one estimate out.</summary>
    /// <param name="candidate">The experiment as it might be, with the uid of the one that has run.</param>
    /// <param name="from">Counts trials that began at this time or later; null for no bound.</param>
    /// <param name="to">Counts trials that began before; null for no bound.</param>
    /// <param name="cancellation">Gives it up.</param>
    /// <returns>Null when another one is being worked out.</returns>
    /// <exception cref="JournalException">The journal cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was given up, or the service stops.</exception>
    public async Task<WhatIfFinding?> TryEstimateAsync(
        Experiment candidate,
        DateTimeOffset? from,
        DateTimeOffset? to,
        CancellationToken cancellation
    )
    {
        if (Interlocked.Exchange(ref _isBusy, 1) != 0)
        {
            return null;
        }

        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancellation);
            var log = new TrialLog(candidate, VisitorNeeds.Of(candidate), TrialsMax);
            var report = new WhatIfReport(candidate, log, isOfJournal: true);
            if (WhatIfReport.Unanswerable(candidate) is not null)
            {
                return new WhatIfFinding(report, IsWhole: true);
            }

            var isWhole = false;
            await PumpThread.Run(
                "edge-what-if",
                async () =>
                {
                    isWhole = await ReadAsync(
                        log,
                        from?.ToUnixTimeMilliseconds() ?? 0,
                        to?.ToUnixTimeMilliseconds() ?? long.MaxValue,
                        candidate.AttributionWindowMinutes * 60_000L,
                        either.Token
                    );
                    _ = report.Estimate;
                }
            );
            return new WhatIfFinding(report, isWhole);
        }
        finally
        {
            Volatile.Write(ref _isBusy, 0);
        }
    }

    /// <summary>Reads the trials that began from one time to another; false when there are more than could be read.</summary>
    private async Task<bool> ReadAsync(TrialLog log, long fromMs, long toMs, long windowMs, CancellationToken cancellation)
    {
        using var view = JournalView.Open(journal);
        var walker = view.WalkLast(BytesMax);
        var hasAll = view.HeldBytes(0) <= BytesMax;
        // Whoever saw a variant before the end may reach the goal after it.
        var endMs = toMs == long.MaxValue ? toMs : toMs + windowMs + (TallyLimits.LatenessSeconds * 1_000L);
        var began = time.GetTimestamp();
        var turn = began;
        var events = 0;
        Func<long, bool> counts = ms => ms >= fromMs && ms < toMs;
        for (var step = walker.Step(); step != WalkStep.End; step = walker.Step())
        {
            // What is damaged, or was removed meanwhile, is a trial less.
            if (step == WalkStep.Record)
            {
                var at = walker.Envelope.Id.CreatedAtMs;
                hasAll |= at <= fromMs;
                // An event is stored when it is received or, in a fleet, later.
                if (at >= fromMs)
                {
                    log.Add(walker.Payload, at, counts);
                }

                if (log.NewestMs >= endMs)
                {
                    break;
                }

                if (log.IsFull)
                {
                    return false;
                }
            }

            CooperativeYield.AfterEvent(++events);
            if (events % EventsPerLook == 0 && time.GetElapsedTime(turn) >= Turn)
            {
                if (time.GetElapsedTime(began) >= DurationMax)
                {
                    // What has not matured by the last event that was read may still do so in the next.
                    return false;
                }

                await Task.Delay(Turn, time, cancellation);
                turn = time.GetTimestamp();
            }
        }

        log.End(time.GetUtcNow());
        return hasAll;
    }
}
