using System.Threading.Channels;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Formats;
using Edge.Forwarding.Pump;
using Edge.Statistics.Counting;
using Edge.Statistics.Inference;
using Edge.Telemetry;

namespace Edge.Statistics.Optimization;

/// <summary>
/// Adjusts the weights of running A/B tests to their results and looks for winners: each experiment once per
/// <c>recomputeIntervalMinutes</c>, and on request. Runs on a thread of its own, because it writes files; tracking
/// requests never wait for it. <see cref="RecomputeAsync"/> may be called from any thread.
/// </summary>
internal sealed class Optimizer : IDisposable
{
    /// <summary>Interval between two checks for experiments that are due, milliseconds.</summary>
    public const int TickMs = 1_000;

    /// <summary>
    /// Maximum number of attempts when the experiment is changed while its weights are being published.
    /// </summary>
    private const int AttemptsMax = 5;

    /// <summary>Capacity of the request queue; further requests wait for room in it.</summary>
    private const int RequestsMax = 64;

    private static readonly TimeSpan SaveInterval = TimeSpan.FromMinutes(1);

    /// <summary>Interval between two searches for histories whose experiment is gone.</summary>
    private static readonly TimeSpan TidyInterval = TimeSpan.FromHours(1);

    private readonly IExperimentStore _store;
    private readonly ITally _tally;
    private readonly RecomputationFiles _history;
    private readonly Func<Experiment, DateTimeOffset, TimeSpan> _runTime;
    private readonly Func<bool> _leads;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<(string Uid, TaskCompletionSource<Recomputation> Completion)> _requests =
        Channel.CreateBounded<(string, TaskCompletionSource<Recomputation>)>(RequestsMax);

    private readonly RecomputeSchedule _schedule;

    /// <summary>Experiments whose last recomputation failed: the next one needs no new trials.</summary>
    private readonly HashSet<string> _failed = new(StringComparer.Ordinal);
    private long _savedAt;
    private long _tidiedAt;
    private long _published;
    private bool _isRecordingFailing;
    private Task? _loop;
    private Task? _waitForRequest;

    /// <summary>Creates the optimizer; <see cref="Start"/> starts it.</summary>
    /// <param name="store">Where weights are published.</param>
    /// <param name="tally">Source of the results.</param>
    /// <param name="history">Where recomputations are recorded.</param>
    /// <param name="runTime">How long an experiment has been running at a given time, pauses excluded.</param>
    /// <param name="leads">Whether this node, of those that share the store, recomputes when it is time.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Logs publications and failures.</param>
    public Optimizer(
        IExperimentStore store,
        ITally tally,
        RecomputationFiles history,
        Func<Experiment, DateTimeOffset, TimeSpan> runTime,
        Func<bool> leads,
        TimeProvider time,
        ILogger log
    )
    {
        _store = store;
        _tally = tally;
        _history = history;
        _runTime = runTime;
        _leads = leads;
        _time = time;
        _log = log;
        _schedule = new RecomputeSchedule(time);
        _savedAt = _tidiedAt = time.GetTimestamp();
    }

    /// <summary>Number of weight publications since the start.</summary>
    public long Published => Interlocked.Read(ref _published);

    public void Start() => _loop = PumpThread.Run("edge-optimizer", RunAsync);

    /// <summary>
    /// Recomputes one experiment now, whether or not a trial has matured. Completes when done; cancelled when the
    /// optimizer stops.
    /// </summary>
    public async Task<Recomputation> RecomputeAsync(string uid, CancellationToken cancellation)
    {
        var completion = new TaskCompletionSource<Recomputation>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, cancellation);
        await _requests.Writer.WriteAsync((uid, completion), either.Token);
        return await completion.Task.WaitAsync(either.Token);
    }

    /// <summary>Stops after the current recomputation. A disk that hangs can delay this, so bound the wait.</summary>
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
            RecomputeRequested();
            try
            {
                RecomputeDue();
                SaveIfDue();
                TidyIfDue();
            }
            catch (Exception e)
            {
                _log.BackgroundFailed(e, "The optimizer");
            }

            _waitForRequest ??= _requests.Reader.WaitToReadAsync(_stop.Token).AsTask();
            await Task.WhenAny(_waitForRequest, Task.Delay(TimeSpan.FromMilliseconds(TickMs), _time, _stop.Token));
            _waitForRequest = _waitForRequest.IsCompleted ? null : _waitForRequest;
        }
    }

    private void RecomputeRequested()
    {
        while (!_stop.IsCancellationRequested && _requests.Reader.TryRead(out var request))
        {
            request.Completion.SetResult(RecomputeSafely(request.Uid, isForced: true));
        }
    }

    private void RecomputeDue()
    {
        _schedule.Follow(_store.Catalog.Current);
        if (!_leads())
        {
            // What is due by then is recomputed as soon as this node leads.
            return;
        }

        foreach (var uid in _schedule.TakeDue(_tally.IsCurrent))
        {
            if (_stop.IsCancellationRequested)
            {
                return;
            }
            RecomputeSafely(uid, isForced: false);
            // After a start all are due, and each may wait for the disk.
            RecomputeRequested();
        }
    }

    /// <summary>A failure with one experiment must not end the loop.</summary>
    private Recomputation RecomputeSafely(string uid, bool isForced)
    {
        Recomputation result;
        try
        {
            result = Recompute(uid, isForced || _failed.Contains(uid));
        }
        catch (Exception e)
        {
            _log.RecomputeFailed(uid, $"{e.GetType().Name}: {e.Message}");
            result = new Recomputation(RecomputeOutcome.Failed, 0, 0);
        }

        if (result.Outcome == RecomputeOutcome.Failed)
        {
            _failed.Add(uid);
        }
        else
        {
            _failed.Remove(uid);
        }

        return result;
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
            var version = entry.WeightsVersion;
            if (!_tally.IsCurrent(uid))
            {
                return new Recomputation(RecomputeOutcome.Stale, 0, version);
            }
            var (arms, comparison, isNew) = Observe(entry, now);
            if (arms is null || !(isNew || isForced || attempt > 0))
            {
                return new Recomputation(RecomputeOutcome.NothingNew, 0, version);
            }
            var served = entry.Experiment.Variants.Select(variant => variant.Weight).ToArray();
            if (!entry.HasBandit || !entry.Experiment.GoalConfig.HasSuccess)
            {
                Record(entry.Experiment, comparison!, served, now);
                return new Recomputation(RecomputeOutcome.NotOptimized, 0, version);
            }
            var proposal = Propose(entry.Experiment, arms);
            if (!proposal.ShouldPublish)
            {
                Record(entry.Experiment, comparison!, served, now);
                return new Recomputation(RecomputeOutcome.Unchanged, proposal.Moved, version);
            }
            if (TryPublish(entry, proposal) is { } published)
            {
                Interlocked.Increment(ref _published);
                _log.WeightsPublished(uid, published, proposal.Moved);
                Record(entry.Experiment, comparison!, proposal.Weights, now);
                return new Recomputation(RecomputeOutcome.Published, proposal.Moved, published);
            }
        }
        _log.RecomputeFailed(uid, $"it was changed during each of {AttemptsMax} attempts");
        return new Recomputation(RecomputeOutcome.Failed, 0, 0);
    }

    /// <summary>
    /// Returns the version that is served now; null when a concurrent change makes the weights invalid.
    /// </summary>
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
    /// Begins an epoch when there are new trials, and updates the search for a winner. The posteriors and their
    /// comparison are null when the experiment has no events yet.
    /// </summary>
    private (ArmPosterior[]? Arms, Comparison? Comparison, bool IsNew) Observe(CatalogEntry entry, DateTimeOffset now)
    {
        var uid = entry.Experiment.Uid;
        var observation = new Observation { Entry = entry, TrialsBefore = _schedule.TrialsSeen(uid) };
        var isKnown = _tally.Update(
            uid,
            ref observation,
            static (ExperimentCounter experiment, ref Observation observation) =>
            {
                experiment.RecordWeights(observation.Entry, observation.Entry.WeightsVersion);
                observation.Trials = experiment.Trials.Trials;
                if (observation.IsNew)
                {
                    experiment.Trials.BeginEpoch();
                }
                observation.Arms = experiment.Trials.Posterior([
                    .. observation.Entry.Experiment.Variants.Select(variant => variant.Id),
                ]);
                observation.SampleRatio = experiment.SampleRatio;
                observation.Watch = experiment.Watch;
                return observation.IsNew;
            }
        );
        if (!isKnown)
        {
            return default;
        }
        _schedule.RecordTrials(uid, observation.Trials);

        // The comparison takes milliseconds, so it is made outside the tally's lock.
        var runTime = _runTime(entry.Experiment, now);
        var comparison = Comparison.Of(entry.Experiment, observation.Arms!, runTime, observation.SampleRatio);
        var watch = observation.Watch!.Observe(now, runTime, comparison.Assessment);
        _tally.Update(
            uid,
            ref watch,
            static (ExperimentCounter experiment, ref WinnerWatch watch) =>
            {
                var hasChanged = experiment.Watch != watch;
                experiment.Watch = watch;
                return hasChanged;
            }
        );
        return (observation.Arms, comparison, observation.IsNew);
    }

    /// <summary>
    /// Keeps what the recomputation found and what is served after it. It was made all the same when that fails.
    /// </summary>
    private void Record(Experiment experiment, Comparison comparison, IReadOnlyList<int> weights, DateTimeOffset now)
    {
        if (!experiment.GoalConfig.HasSuccess)
        {
            return;
        }
        var variants = experiment.Variants.Select(
            (variant, i) =>
            {
                var participant = comparison.Best.IsSound ? comparison.IndexOf(i) : -1;
                int? best =
                    participant < 0
                        ? null
                        : (int)Math.Round(comparison.Best.Probabilities[participant] * BasisPoints.Whole);
                return new RecomputedVariant(variant.Id, best, weights[i]);
            }
        );
        try
        {
            var time = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
            _history.Add(experiment.Uid, new RecomputationPoint(time, [.. variants]));
            _isRecordingFailing = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Once until it succeeds: a full disk would say it for every experiment.
            if (!_isRecordingFailing)
            {
                _log.RecomputationNotRecorded(experiment.Uid, e.Message);
            }
            _isRecordingFailing = true;
        }
    }

    private static WeightProposal Propose(Experiment experiment, ArmPosterior[] arms)
    {
        var requested = experiment.Variants.Select(variant => variant.RequestedWeight).ToArray();
        var served = experiment.Variants.Select(variant => variant.Weight).ToArray();
        return ThompsonSampling.Propose(requested, served, arms, experiment.BanditConfig.WarmupImpressions);
    }

    /// <summary>Saves changes caused by the passage of time, at a low rate, even when no events arrive.</summary>
    private void SaveIfDue()
    {
        if (_time.GetElapsedTime(_savedAt) >= SaveInterval)
        {
            _savedAt = _time.GetTimestamp();
            _tally.Keep();
        }
    }

    /// <summary>
    /// A history goes with the counts of its experiment, which outlive the experiment's file by
    /// <see cref="TallyLimits.MissingKeptDays"/>.
    /// </summary>
    private void TidyIfDue()
    {
        if (_time.GetElapsedTime(_tidiedAt) >= TidyInterval)
        {
            _tidiedAt = _time.GetTimestamp();
            var catalog = _store.Catalog.Current;
            _history.RemoveUnless(uid => catalog.TryFindByUid(uid, out _) || _tally.Find(uid) is not null);
        }
    }

    /// <summary>Input and output of reading one experiment under the tally's lock.</summary>
    private struct Observation
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

/// <summary>The result of recomputing an experiment's weights. Immutable.</summary>
/// <param name="Outcome">What was done.</param>
/// <param name="Moved">Basis points of traffic that moved, or would have.</param>
/// <param name="WeightsVersion">Version of the weights that are served afterwards.</param>
internal readonly record struct Recomputation(RecomputeOutcome Outcome, int Moved, int WeightsVersion);

/// <summary>How a recomputation ended.</summary>
internal enum RecomputeOutcome
{
    /// <summary>There is no such experiment, it is not running, or it is not an A/B test.</summary>
    NotRunning,

    /// <summary>No trial has matured since the last recomputation.</summary>
    NothingNew,

    /// <summary>The counts are too old to move weights; recomputed as soon as they are current.</summary>
    Stale,

    /// <summary>Its weights are not optimised: no bandit, or a goal without successes.</summary>
    NotOptimized,

    /// <summary>The served weights are close enough to the computed ones.</summary>
    Unchanged,

    /// <summary>New weights are served from now on.</summary>
    Published,

    /// <summary>
    /// The experiment was changed at every attempt, or writing failed; retried at the next recomputation.
    /// </summary>
    Failed,
}
