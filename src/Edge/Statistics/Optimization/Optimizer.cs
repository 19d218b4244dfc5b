using System.Threading.Channels;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Forwarding.Pump;
using Edge.Statistics.Counting;
using Edge.Statistics.Inference;

namespace Edge.Statistics.Optimization;

/// <summary>
/// Lets the weights of running A/B tests follow their results, and looks for winners: each experiment once in its
/// <c>recomputeIntervalMinutes</c>, and when somebody asks. Works on a thread of its own, because it writes files; no
/// request waits for it. <see cref="RecomputeAsync"/> may be called from any thread.
/// </summary>
internal sealed class Optimizer : IDisposable
{
    /// <summary>Pause between two looks for what is due.</summary>
    public const int TickMs = 1_000;

    /// <summary>How often the experiment may be changed by others while its weights are being published.</summary>
    private const int AttemptsMax = 5;

    /// <summary>Requests that may wait at the same time; further ones wait to be taken.</summary>
    private const int RequestsMax = 64;

    private static readonly TimeSpan SavePause = TimeSpan.FromMinutes(1);

    private readonly ExperimentFileStore _store;
    private readonly Tally _tally;
    private readonly Func<Experiment, DateTimeOffset, TimeSpan> _runTime;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<(string Uid, TaskCompletionSource<Recomputation> Answer)> _requests =
        Channel.CreateBounded<(string, TaskCompletionSource<Recomputation>)>(RequestsMax);

    private readonly RecomputeSchedule _schedule;
    private long _savedAt;
    private long _published;
    private Task? _loop;
    private Task? _news;

    /// <summary>Makes it; <see cref="Start"/> begins.</summary>
    /// <param name="store">Where weights are published.</param>
    /// <param name="tally">Where results come from.</param>
    /// <param name="runTime">How long an experiment has been running at a moment, pauses not counted.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">For what was published, and what failed.</param>
    public Optimizer(
        ExperimentFileStore store,
        Tally tally,
        Func<Experiment, DateTimeOffset, TimeSpan> runTime,
        TimeProvider time,
        ILogger log
    )
    {
        _store = store;
        _tally = tally;
        _runTime = runTime;
        _time = time;
        _log = log;
        _schedule = new RecomputeSchedule(time);
        _savedAt = time.GetTimestamp();
    }

    /// <summary>Publications of weights since the start.</summary>
    public long Published => Interlocked.Read(ref _published);

    public void Start() => _loop = PumpThread.Run("edge-optimizer", RunAsync);

    /// <summary>
    /// Recomputes one experiment now, whether or not a trial has matured. Ends when it is done; a stop cancels it.
    /// </summary>
    public async Task<Recomputation> RecomputeAsync(string uid, CancellationToken cancellation)
    {
        var answer = new TaskCompletionSource<Recomputation>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, cancellation);
        await _requests.Writer.WriteAsync((uid, answer), either.Token);
        return await answer.Task.WaitAsync(either.Token);
    }

    /// <summary>Ends after what is being recomputed. A disk that hangs can make this late: bound the wait.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        if (_loop is not null)
        {
            await _loop;
        }
    }

    public void Dispose() => _stop.Dispose();

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            while (!_stop.IsCancellationRequested && _requests.Reader.TryRead(out var request))
            {
                request.Answer.SetResult(Guarded(request.Uid, isForced: true));
            }
            RecomputeWhatIsDue();
            SaveIfTime();

            _news ??= _requests.Reader.WaitToReadAsync(_stop.Token).AsTask();
            await Task.WhenAny(_news, Task.Delay(TimeSpan.FromMilliseconds(TickMs), _time, _stop.Token));
            _news = _news.IsCompleted ? null : _news;
        }
    }

    private void RecomputeWhatIsDue()
    {
        _schedule.Follow(_store.Catalog.Current);
        foreach (var uid in _schedule.TakeDue())
        {
            if (_stop.IsCancellationRequested)
            {
                return;
            }
            Guarded(uid, isForced: false);
        }
    }

    /// <summary>The loop lives on, whatever goes wrong with one experiment.</summary>
    private Recomputation Guarded(string uid, bool isForced)
    {
        try
        {
            return Recompute(uid, isForced);
        }
        catch (Exception e)
        {
            _log.RecomputeFailed(uid, $"{e.GetType().Name}: {e.Message}");
            return new Recomputation(RecomputeOutcome.Failed, 0, 0);
        }
    }

    private Recomputation Recompute(string uid, bool isForced)
    {
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            if (!_store.Catalog.Current.TryFindByUid(uid, out var entry) || !RecomputeSchedule.Covers(entry))
            {
                return new Recomputation(RecomputeOutcome.NotRunning, 0, 0);
            }
            var now = _time.GetUtcNow();
            var (arms, isNew) = Observe(entry, now);
            var version = entry.WeightsVersion;
            if (arms is null || !(isNew || isForced || attempt > 0))
            {
                return new Recomputation(RecomputeOutcome.NothingNew, 0, version);
            }
            if (!entry.HasBandit || entry.Experiment.GoalConfig.Type != GoalType.ClickThrough)
            {
                return new Recomputation(RecomputeOutcome.NotOptimized, 0, version);
            }
            var proposal = Propose(entry.Experiment, arms);
            if (!proposal.ShouldPublish)
            {
                return new Recomputation(RecomputeOutcome.Unchanged, proposal.Moved, version);
            }
            if (TryPublish(entry, proposal) is { } published)
            {
                Interlocked.Increment(ref _published);
                _log.WeightsPublished(uid, published, proposal.Moved);
                return new Recomputation(RecomputeOutcome.Published, proposal.Moved, published);
            }
        }
        _log.RecomputeFailed(uid, $"it was changed {AttemptsMax} times meanwhile");
        return new Recomputation(RecomputeOutcome.Failed, 0, 0);
    }

    /// <summary>The version that is served now; null when others changed what the weights depend on.</summary>
    private int? TryPublish(CatalogEntry entry, WeightProposal proposal)
    {
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            var next = WeightPublication.Of(entry, proposal.Weights);
            if (_store.Write(next, entry.Experiment) == ExperimentWriteResult.Written)
            {
                return next.WeightsVersion;
            }
            if (
                !_store.Catalog.Current.TryFindByUid(next.Uid, out var changed)
                || !RecomputeSchedule.Covers(changed)
                || !WeightPublication.Fits(changed.Experiment, entry.Experiment)
            )
            {
                return null;
            }
            entry = changed;
        }
        return null;
    }

    /// <summary>
    /// Begins an epoch when there are new trials, and looks for a winner. Null when the experiment has no events yet.
    /// </summary>
    private (ArmPosterior[]? Arms, bool IsNew) Observe(CatalogEntry entry, DateTimeOffset now)
    {
        var uid = entry.Experiment.Uid;
        var look = new Look { Entry = entry, TrialsBefore = _schedule.TrialsSeen(uid) };
        var isKnown = _tally.Visit(
            uid,
            ref look,
            static (ExperimentCounter experiment, ref Look look) =>
            {
                experiment.NoteWeights(look.Entry, look.Entry.WeightsVersion);
                look.Trials = experiment.Trials.Trials;
                if (look.IsNew)
                {
                    experiment.Trials.BeginEpoch();
                }
                look.Arms = experiment.Trials.Posterior([
                    .. look.Entry.Experiment.Variants.Select(variant => variant.Id),
                ]);
                look.SampleRatio = experiment.SampleRatio;
                look.Watch = experiment.Watch;
                return look.IsNew;
            }
        );
        if (!isKnown)
        {
            return default;
        }
        _schedule.SawTrials(uid, look.Trials);

        // The comparison takes milliseconds, so not under the tally's lock.
        var runTime = _runTime(entry.Experiment, now);
        var assessment = Comparison.Of(entry.Experiment, look.Arms!, runTime, look.SampleRatio).Assessment;
        var watch = look.Watch!.Observe(now, runTime, assessment);
        _tally.Visit(
            uid,
            ref watch,
            static (ExperimentCounter experiment, ref WinnerWatch watch) =>
            {
                var isOther = experiment.Watch != watch;
                experiment.Watch = watch;
                return isOther;
            }
        );
        return (look.Arms, look.IsNew);
    }

    private static WeightProposal Propose(Experiment experiment, ArmPosterior[] arms)
    {
        var asked = experiment.Variants.Select(variant => variant.AskedWeight).ToArray();
        var served = experiment.Variants.Select(variant => variant.Weight).ToArray();
        return WeightRule.Propose(asked, served, arms, experiment.BanditConfig.WarmupImpressions);
    }

    /// <summary>What came from the clock is in no hurry to reach the disk, but shall when no event comes.</summary>
    private void SaveIfTime()
    {
        if (_time.GetElapsedTime(_savedAt) >= SavePause)
        {
            _savedAt = _time.GetTimestamp();
            _tally.Mature();
            _tally.Save();
        }
    }

    /// <summary>What one visit of the tally takes with it and brings back.</summary>
    private struct Look
    {
        public required CatalogEntry Entry;
        public required long? TrialsBefore;
        public long Trials;
        public ArmPosterior[]? Arms;
        public double? SampleRatio;
        public WinnerWatch? Watch;

        public readonly bool IsNew => Trials > 0 && Trials != TrialsBefore;
    }
}
