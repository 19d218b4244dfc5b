using Edge.Catalog;
using Edge.Experiments;
using Edge.Forwarding.Pump;
using Edge.Statistics.Counting;
using Edge.Statistics.Results;

namespace Edge.Alerts;

/// <summary>How often experiments are looked at, and for what.</summary>
/// <param name="Interval">Between two looks, and between two attempts to deliver.</param>
/// <param name="NoTrafficAfter">How long nothing may be counted; zero for as long as it likes.</param>
internal sealed record AlerterOptions(TimeSpan Interval, TimeSpan NoTrafficAfter)
{
    /// <summary>Whether this service is the one that tells; of several with one store it is the leader.</summary>
    public Func<bool> IsLeader { get; init; } = static () => true;
}

/// <summary>
/// Looks at every running experiment at an interval and tells people what they would otherwise have to look for: in the
/// log, by <c>GET /experiments/api/alerts</c>, and to a webhook, once for as long as the cause lasts. What the receiver
/// does not take is sent again at the next look until the cause is gone. Runs on a thread of its own, because it writes a
/// file; any thread may read.
/// </summary>
internal sealed class Alerter : IDisposable
{
    /// <summary>Most messages of one look; chats take about one a second.</summary>
    private const int MessagesOfLookMax = 20;

    /// <summary>Events that are on disk and not yet counted are waited for, so that they are not missed after a start.</summary>
    private static readonly TimeSpan CatchUpDeadline = TimeSpan.FromMinutes(1);

    private readonly AlerterOptions _options;
    private readonly CatalogHolder _catalog;
    private readonly ITally _tally;
    private readonly AlertBook _book;
    private readonly DestinationChecker? _destinations;
    private readonly AlertWebhook? _webhook;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopping;

    /// <summary>Attempts that failed since the start, by id: what was refused most often comes last.</summary>
    private readonly Dictionary<string, int> _attempts = new(StringComparer.Ordinal);

    private long _delivered;
    private long _failed;
    private string? _failure;
    private bool _isFailing;
    private bool _isOmitting;
    private Task _loops = Task.CompletedTask;

    /// <param name="options">How often, and for what.</param>
    /// <param name="catalog">The experiments.</param>
    /// <param name="tally">What was counted of them.</param>
    /// <param name="book">The alerts that there are.</param>
    /// <param name="destinations">Checks where clicks lead; null when nobody has asked for it. Disposed of with this.</param>
    /// <param name="webhook">Where alerts are sent; null for nowhere. Disposed of with this.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Receives what begins and ends, and failures.</param>
    public Alerter(
        AlerterOptions options,
        CatalogHolder catalog,
        ITally tally,
        AlertBook book,
        DestinationChecker? destinations,
        AlertWebhook? webhook,
        TimeProvider time,
        ILogger log
    )
    {
        _options = options;
        _catalog = catalog;
        _tally = tally;
        _book = book;
        _destinations = destinations;
        _webhook = webhook;
        _time = time;
        _log = log;
        _stopping = _stop.Token;
    }

    /// <summary>The alerts whose causes last, the oldest first.</summary>
    public IReadOnlyList<Alert> Alerts => _book.Alerts;

    /// <summary>Messages that the receiver has taken since the start.</summary>
    public long Delivered => Interlocked.Read(ref _delivered);

    /// <summary>Attempts since the start that failed.</summary>
    public long Failed => Interlocked.Read(ref _failed);

    public void Start()
    {
        var looking = PumpThread.Run("edge-alerts", RunAsync);
        _loops =
            _destinations is null
                ? looking
                : Task.WhenAll(looking, Task.Run(() => _destinations.RunAsync(_stopping)));
    }

    /// <summary>Stops what is under way. A disk that hangs can delay this, so bound the wait.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _loops;
    }

    public void Dispose()
    {
        _webhook?.Dispose();
        _destinations?.Dispose();
        _stop.Dispose();
    }

    /// <summary>Looks at every running experiment now.</summary>
    public void Look()
    {
        var now = _time.GetUtcNow();
        var known = _book.Alerts.Select(static alert => alert.Cause).ToHashSet();
        var holding = new Dictionary<AlertCause, string>();
        var failing = _destinations?.Failing ?? new Dictionary<string, string>();
        foreach (var entry in _catalog.Current.Entries)
        {
            if (entry.IsRunning && !_tally.IsCurrent(entry.Experiment.Uid))
            {
                // Nothing begins or ends by counts that are too old to say so.
                foreach (var alert in _book.Alerts.Where(alert => alert.Uid == entry.Experiment.Uid))
                {
                    holding[alert.Cause] = alert.Text;
                }
            }
            else if (entry.IsRunning)
            {
                var counted = CountedOf(entry.Experiment);
                AlertRules.Apply(entry.Experiment, counted, known, now, _options.NoTrafficAfter, failing, holding);
            }
        }

        var changes = _book.Take(holding, now);
        foreach (var alert in changes.Begun)
        {
            _log.AlertBegan(alert.TypeName, alert.Uid);
        }

        foreach (var alert in changes.Ended)
        {
            _attempts.Remove(alert.Id);
            _log.AlertEnded(alert.TypeName, alert.Uid);
        }

        if (changes.Omitted > 0 && !_isOmitting)
        {
            _log.AlertsOmitted(changes.Omitted, AlertBook.AlertsMax);
        }

        _isOmitting = changes.Omitted > 0;
    }

    /// <summary>Sends what the receiver has not taken yet, and begins with what it has refused least often.</summary>
    public async Task DeliverAsync(CancellationToken cancellation)
    {
        if (_webhook is null)
        {
            return;
        }

        var waiting = _book
            .Alerts.Where(static alert => !alert.IsDelivered)
            .OrderBy(alert => _attempts.GetValueOrDefault(alert.Id))
            .Take(MessagesOfLookMax);
        foreach (var alert in waiting.ToArray())
        {
            if (!_catalog.Current.TryFindByUid(alert.Uid, out var entry))
            {
                continue;
            }

            var result = await _webhook.SendAsync(alert, entry.Experiment, cancellation);
            if (result.IsSuccess)
            {
                Interlocked.Increment(ref _delivered);
                if (_failure is not null)
                {
                    _log.WebhookTakesAgain(_webhook.Place);
                }

                _failure = null;
                _book.MarkDelivered(alert.Id);
                continue;
            }

            Interlocked.Increment(ref _failed);
            _attempts[alert.Id] = _attempts.GetValueOrDefault(alert.Id) + 1;
            var failure = result.Failure ?? $"{_webhook.Place} answered {result.Status}";
            if (failure != _failure)
            {
                _log.AlertNotDelivered(failure);
            }

            _failure = failure;
            if (result.Failure is not null || result.Status is 429 or >= 500)
            {
                // It is the receiver and not the message, so the others would fare no better.
                return;
            }
        }
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await _tally.CatchUpAsync(CatchUpDeadline).WaitAsync(_stopping);
                if (_options.IsLeader())
                {
                    Look();
                    await DeliverAsync(_stopping);
                }

                _isFailing = false;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Once until it succeeds: a full disk would say it at every look.
                if (!_isFailing)
                {
                    _log.LookFailed($"{e.GetType().Name}: {e.Message}");
                }

                _isFailing = true;
            }

            await Task.WhenAny(Task.Delay(_options.Interval, _time, _stopping));
        }
    }

    /// <summary>A few numbers, read under the tally's lock; nothing that takes long is computed there.</summary>
    private CountedExperiment CountedOf(Experiment experiment)
    {
        var reading = (Experiment: experiment, Counted: new CountedExperiment(null, SampleRatioResult.Untested, null));
        _tally.Update(
            experiment.Uid,
            ref reading,
            static (ExperimentCounter counter, ref (Experiment Experiment, CountedExperiment Counted) reading) =>
            {
                reading.Counted = new CountedExperiment(
                    counter.Watch.SuggestedWinner,
                    counter.TestRatio(reading.Experiment),
                    counter.LastCountedAt
                );
                return false;
            }
        );
        return reading.Counted;
    }
}
