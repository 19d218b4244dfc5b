using System.Text;
using Edge.Access;
using Edge.Audit;
using Edge.Catalog;
using Edge.Duplicates;
using Edge.Endpoints;
using Edge.Endpoints.Documents;
using Edge.Endpoints.Evaluation;
using Edge.Endpoints.Ingestion;
using Edge.Endpoints.Live;
using Edge.Endpoints.Management;
using Edge.Endpoints.Operations;
using Edge.Endpoints.Page;
using Edge.Endpoints.Tracking;
using Edge.Enrichment.Geo;
using Edge.Enrichment.Hashing;
using Edge.Enrichment.UserAgents;
using Edge.Enrichment.Verdicts;
using Edge.Events;
using Edge.Experiments;
using Edge.Formats;
using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Machine;
using Edge.Requests;
using Edge.Settings;
using Edge.Statistics.Counting;
using Edge.Statistics.Optimization;
using Edge.Storage;
using Edge.Telemetry;
using Edge.Transport;
using Edge.Visits;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.OutputCaching;

namespace Edge.Hosting;

/// <summary>
/// Constructs the object graph explicitly, and starts and stops its parts in order. Opening throws
/// <see cref="JournalException"/>, <see cref="CertificateException"/> or <see cref="IOException"/> with a one-line
/// message when the service must not start.
/// </summary>
internal sealed class EdgeService : IAsyncDisposable
{
    /// <summary>Time for requests that are under way to clients' last connections, once no more are accepted.</summary>
    private static readonly TimeSpan LingerDeadline = TimeSpan.FromMilliseconds(250);

    /// <summary>Time for running requests to finish after the listener is closed.</summary>
    private static readonly TimeSpan RequestsDeadline = TimeSpan.FromSeconds(3);

    /// <summary>Time for the sinks to take what is committed.</summary>
    private static readonly TimeSpan DrainDeadline = TimeSpan.FromSeconds(2);

    /// <summary>Time for the optimizer to finish what it is writing.</summary>
    private static readonly TimeSpan OptimizerDeadline = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CatchUpDeadline = TimeSpan.FromSeconds(10);

    private readonly EdgeOptions _options;
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private readonly ConnectionTable _connections;
    private readonly WebApplication _web;
    private readonly ServedCertificate? _certificate;
    private readonly ILogger _logger;
    private readonly Readiness _readiness = new();
    private readonly EventJournal _journal;
    private readonly FullJournalReport _fullJournal;
    private readonly ExperimentFileStore _experiments;
    private readonly KeyRing _keys;
    private readonly Optimizer _optimizer;
    private readonly Forwarder _forwarder;
    private readonly EnrichmentFaults _enrichmentFaults = new();
    private readonly VerdictJudge _verdicts;
    private readonly VisitRequestReader _requests;
    private readonly UserAgentCache _userAgents;
    private readonly GeoDatabase _geo;
    private readonly KeyRatchet? _ratchet;
    private readonly DuplicateRestore _duplicates;
    private readonly LiveFeed _live;
    private readonly Func<TimeSpan, Task> _catchUp;
    private readonly Func<LoopLane> _createLane;

    private EdgeService(EdgeOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _startedAt = time.GetTimestamp();
        var connectionCounts = new ConnectionCounts { Max = options.HttpMaxConnections };
        _connections = new ConnectionTable(
            options.HttpMaxPerAddressPercent,
            TimeSpan.FromMilliseconds(options.HttpHeadersTimeoutMs),
            options.TrustedProxies,
            connectionCounts,
            time
        );
        _web = WebHost.Build(
            options,
            time,
            () => _readiness.IsStarting,
            _connections,
            () => _createLane!(),
            () => _experiments!.Catalog,
            () => _certificate!
        );
        _logger = _web.Logger;
        if (options.TlsCertificateFile.Length > 0)
        {
            _certificate = ServedCertificate.Open(options.TlsCertificateFile, options.TlsKeyFile, time, _logger);
        }

        var metrics = new Metrics(EventApi.All);
        var ledger = new Ledger();
        var log = new RequestLog(metrics, _logger, time);

        _journal = EventJournal.Open(options.ToJournalOptions(), time, ledger);
        _fullJournal = new FullJournalReport(_journal, ledger, time, _logger);
        if (options.Demo)
        {
            DemoExperiments.WriteIfEmpty(options.ExperimentsDir, time);
        }

        _experiments = ExperimentFileStore.Open(
            options.ExperimentsDir,
            options.ToExperimentRules(),
            time,
            problem =>
            {
                if (problem.IsServed)
                {
                    _logger.ExperimentMemberIgnored(problem.File, problem.Field, problem.Reason);
                }
                else
                {
                    _logger.ExperimentRefused(problem.File, problem.Field, problem.Reason);
                }
            }
        );
        _experiments.FileChanged += change =>
        {
            if (change.IsGone)
            {
                _logger.ExperimentGone(change.File, change.Experiment.Slug);
            }
            else
            {
                _logger.ExperimentTaken(
                    change.File,
                    change.Experiment.Slug,
                    WireNames<ExperimentStatus>.Lower.Text(change.Experiment.Status)
                );
            }
        };
        var tallyOptions = new TallyOptions
        {
            Directory = options.DataDir,
            CursorPath = Path.Combine(options.CursorsDir, Tally.SinkName),
            Limits = TallyLimits.Default with { UnitsMax = options.TallyUnitsMax },
        };
        var tally = Tally.Open(tallyOptions, _journal, _experiments.Catalog, time, _logger);
        var recomputations = RecomputationFiles.Open(options.RecomputationsDir, _logger);
        _optimizer = new Optimizer(
            _experiments,
            tally,
            recomputations,
            static (experiment, now) => experiment.RunTime(now),
            time,
            _logger
        );
        _forwarder = new Forwarder(new PumpBuilder(options, _journal, time, _logger).Build(tally), _logger);

        _keys = KeyRing.Open(new KeyFile(options.KeysFile), time, reason => _logger.KeysRefused(reason));
        var addresses = new ClientAddressResolver(
            options.TrustedProxies,
            options.ForwardedHeader,
            () => _logger.ForwardedHeaderIgnored(
                options.ForwardedHeader == ForwardedHeader.Forwarded ? "Forwarded" : "X-Forwarded-For"
            )
        );
        _geo = GeoDatabase.Open(options.GeoDatabase, time, _logger);
        _ratchet =
            options.AddressHash == AddressHashMode.Ratchet ? KeyRatchet.Open(options.DataDir, time, _logger) : null;
        var salt = AddressSalt.LoadOrCreate(options.AddressSalt, options.DataDir);
        var hashes = new VisitorHashes(
            _ratchet as IDayKeySource ?? new SaltedKeys(salt),
            SaltedKeys.StableUnitKey(salt)
        );
        var places = new PlaceFinder(_geo, addresses, options.GeoCountryHeader);
        _verdicts = LoadVerdicts(options);
        _userAgents = new UserAgentCache(_verdicts, _enrichmentFaults);
        var synthetic = new SyntheticTraffic(_keys, time);
        var requests = _requests = new VisitRequestReader(addresses, options.GeoCountryHeader, _verdicts, synthetic);
        var visitors = new VisitorReader(time, addresses, places, _userAgents, _verdicts, hashes);
        var variants = new VariantAssigner(options.VariantOverride, hashes, new ExposureMap());
        _catchUp = tally.CatchUpAsync;
        var budgets = new ClickBudgets(uid => tally.CountsOf(uid).Sum(variant => variant.Clicks));
        var visits = new VisitRecorder(options.Node, time, visitors, variants, _verdicts, budgets, _journal, metrics);
        var duplicates = new DuplicateWindow(options.DuplicateMemoryBytes, time);
        _duplicates = new DuplicateRestore(_journal, duplicates, options.JournalCommitWaitMs, time, _logger);
        var recorder = new EventRecorder(
            options.Node,
            options.ToJournalOptions().MaxPayloadBytes,
            time,
            requests,
            visitors,
            variants,
            new GoalMatcher(_experiments.Catalog, visitors),
            _verdicts,
            duplicates,
            _journal,
            metrics
        );
        var senders = new SenderAddress(requests, addresses);
        var wrongKeys = new WrongKeys(
            options.WrongKeysPerMinute > 0 ? new AddressWindow(options.WrongKeysPerMinute, time) : null,
            senders
        );
        _live = new LiveFeed(_journal, time, _logger);
        // Streams have no end of their own to wait for.
        _web.Lifetime.ApplicationStopping.Register(_live.Close);
        var sessions = new SessionTable(_keys, TimeSpan.FromMinutes(options.PageSessionIdleMinutes), time);
        var origins = new SameOrigin(addresses);
        var access = new ManagementAccess(
            _keys,
            options.PageEnabled ? sessions : null,
            origins,
            new RateWindow(options.ApiRequestsPerMinute, time),
            wrongKeys,
            metrics
        );
        var shares = ShareTable.Open(options.DataDir, time, reason => _logger.SharesSetAside(reason));
        var shareTokens = new ShareTokens(Encoding.UTF8.GetBytes(salt));
        var audit = new AuditTrail(new AuditLog(options.DataDir), time, _logger);
        var management = BuildManagement(options, tally, recomputations, access, audit, shares, shareTokens, time, log);
        var outcomes = new OutcomeHeader(options.Demo, _keys);
        Problem.UseTypeBase(options.ProblemTypeBase);
        var pixel = new PixelEndpoint(
            requests,
            _experiments.Catalog,
            visits,
            _journal,
            options.AckPixel,
            outcomes,
            log
        );
        var click = new ClickEndpoint(
            requests,
            _experiments.Catalog,
            visits,
            new DeadLinks(options.LinkFallbackUrl, options.LinkTeamFallbackUrls),
            _journal,
            options.AckClick,
            outcomes,
            log
        );
        _createLane = () =>
            new LoopLane(
                new TrackingLane(
                    new HeadLimits(
                        options.HttpMaxRequestLineBytes,
                        options.HttpMaxHeaderBytes,
                        options.HttpMaxHeaderCount
                    ),
                    requests,
                    options.AckPixel == AckMode.Memory ? pixel : null,
                    options.AckClick == AckMode.Memory ? click : null,
                    outcomes.IsAlways,
                    log
                ).Answer,
                metrics.AddDurations(time)
            );
        var rates = new ForwardingRates(time);
        var routes = new Routes(
            pixel,
            click,
            new ResolveEndpoint(requests, _experiments.Catalog, visits, outcomes, metrics),
            new ImageEndpoint(
                requests,
                _experiments.Catalog,
                visits,
                new ImageSource(options.ImageUrlTemplate),
                options.ImageCounts,
                log
            ),
            management,
            options.PageEnabled
                ? BuildPage(shares, shareTokens, sessions, origins, tally, recomputations, wrongKeys, metrics)
                : null,
            new SystemEndpoint(
                options,
                access,
                ledger,
                _journal,
                _forwarder,
                rates,
                _readiness,
                _live,
                audit,
                time,
                log
            ),
            new LiveEndpoint(_live, access, _experiments.Catalog, time, metrics),
            new RefusalObserver(_live, time),
            IngestionSetup.Build(
                options,
                _experiments.Catalog,
                senders,
                wrongKeys,
                recorder,
                new FlagEvaluator(_experiments.Catalog, requests, new VariantEvaluator(visitors, variants)),
                _keys,
                _journal,
                _duplicates,
                outcomes,
                metrics,
                time
            ),
            EmbeddedDocument.Client(),
            EmbeddedDocument.OpenApi(),
            new HealthEndpoints(_readiness, _journal, _forwarder, _duplicates),
            new MetricsEndpoint(
                metrics,
                connectionCounts,
                ledger,
                _journal,
                _forwarder,
                rates,
                _experiments,
                tally,
                _optimizer,
                _enrichmentFaults,
                _verdicts,
                _geo,
                _certificate,
                addresses,
                synthetic,
                _readiness,
                time
            ),
            new LedgerEndpoint(ledger, _journal, _forwarder),
            new AdminListener(
                options.AdminUrls.Length > 0,
                options.ApiListener == ManagementListener.Admin,
                ["/healthz", .. options.HttpPublicPages.Select(static page => "/" + page)]
            ),
            metrics
        );
        var deadline = new RequestDeadline(
            TimeSpan.FromMilliseconds(options.HttpRequestTimeoutMs),
            time,
            routes.DispatchAsync
        );
        _web.Run(new RequestTracking(_connections, metrics, time, deadline.HandleAsync).HandleAsync);
    }

    /// <summary>Opens all state of the service, without serving yet.</summary>
    public static EdgeService Open(EdgeOptions options, TimeProvider time) => new(options, time);

    /// <summary>Addresses the service listens on, with the actual ports.</summary>
    public IReadOnlyList<string> Addresses =>
        [.. _web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];

    /// <summary>Whether a key was ever issued.</summary>
    public bool HasKeys => !_keys.IsEmpty;

    /// <summary>
    /// Issues a first key if none was ever issued, and returns its secret, which is not stored, when it must be shown;
    /// null otherwise.
    /// </summary>
    public string? IssueFirstKey()
    {
        if (HasKeys)
        {
            return null;
        }

        var secret = FirstKey().Issue(_time.GetUtcNow());
        _keys.Refresh();
        return secret;
    }

    /// <summary>Takes back a first key that could not be shown.</summary>
    public void WithdrawFirstKey(string secret) => FirstKey().Withdraw(secret);

    /// <summary>Applies changes of the key file at once.</summary>
    public void RefreshKeys() => _keys.Refresh();

    /// <summary>
    /// Looks at once at everything that may change while the service runs: keys, experiments, geo database, verdict
    /// rules, TLS certificate, and the settings that can be taken over; says which others need a restart. What cannot
    /// be used is reported, and what was in force stays. Never throws.
    /// </summary>
    /// <param name="read">The settings as they are read now, fitted to the machine.</param>
    /// <param name="settingProblems">What is wrong with them; none of them is taken then.</param>
    public void Reload(EdgeOptions read, IReadOnlyList<string> settingProblems)
    {
        foreach (var problem in settingProblems)
        {
            _logger.SettingsRefused(problem);
        }

        if (settingProblems.Count == 0)
        {
            TakeSettings(read);
        }

        _keys.Refresh();
        _experiments.Refresh();
        if (_geo.IsConfigured)
        {
            _geo.Refresh();
        }

        _certificate?.Reload();
        var (rules, problems) = VerdictRules.Load(_options.ToVerdictRuleOptions());
        if (rules is not null && problems.Count == 0)
        {
            _verdicts.Replace(rules);
            _requests.Refresh();
        }
        else
        {
            _verdicts.Refuse(problems.Count);
            foreach (var problem in problems)
            {
                _logger.VerdictRulesRefused(problem);
            }
        }

        _logger.Reloaded(_experiments.Catalog.Current.Entries.Count, _verdicts.Rules.Count);
    }

    /// <summary>A lane as event loops have it.</summary>
    public LoopLane CreateLane() => _createLane();

    /// <summary>Where events go.</summary>
    public EventJournal Journal => _journal;

    /// <summary>Cancelled when a signal asks the process to stop.</summary>
    public CancellationToken StopRequested => _web.Lifetime.ApplicationStopping;

    /// <summary>Completes when the journal has had an I/O error, after which only a restart helps.</summary>
    public Task JournalFaulted => _journal.Faulted;

    /// <summary>
    /// Completes with the cause when connections can no longer be accepted, after which only a restart helps.
    /// </summary>
    public Task<Exception> ListenerFailed => _connections.Failed;

    /// <summary>Reports limits that the machine makes lower than their settings.</summary>
    public void ReportLowered(IReadOnlyList<LoweredLimit> limits)
    {
        foreach (var limit in limits)
        {
            _logger.LimitLowered(limit.Setting, limit.From, limit.To, limit.Reason);
        }
    }

    /// <summary>Starts forwarding and binds the listener; <see cref="BecomeReady"/> is what follows.</summary>
    public async Task StartAsync()
    {
        // Not awaited: a request that arrives earlier loads the rules itself.
        _ = Task.Run(Warm);
        _duplicates.Start();
        _experiments.StartWatching();
        _keys.StartWatching();
        _geo.StartWatching();
        _certificate?.StartWatching();
        _ratchet?.StartWatching();
        _forwarder.Start();
        _optimizer.Start();
        if (_experiments.Catalog.Current.Entries.Any(entry => entry.Limits?.Exhausted is not null))
        {
            // Or a link would take clicks again that it took before a crash. Not for longer than anybody waits.
            await _catchUp(CatchUpDeadline);
        }

        Listeners.RemoveStaleSockets(_options);
        await _web.StartAsync();
    }

    /// <summary>Says that it wants traffic, to load balancers and in the log.</summary>
    public void BecomeReady()
    {
        foreach (var exposed in SecretDirectory.FindExposed(_options.DataDir, _options.KeysFile))
        {
            _logger.PathExposed(exposed.Path, ExposedPath.Octal(exposed.Mode), ExposedPath.Octal(exposed.Wanted));
        }

        _readiness.SetReady();
        _logger.Started(
            BuildInfo.Version,
            Math.Round(_time.GetElapsedTime(_startedAt).TotalMilliseconds),
            string.Join(' ', Addresses),
            Path.GetFullPath(_options.DataDir),
            _experiments.Catalog.Current.Entries.Count,
            _options.HttpMaxConnections,
            ProcessLimits.Descriptors
        );
    }

    /// <summary>
    /// Graceful shutdown: not ready, grace period in which every answer asks its client to leave, no new connections,
    /// running requests, last commit, sinks. Every step
    /// is bounded in time. Does not throw when the journal fails meanwhile; check <see cref="JournalFaulted"/>
    /// afterwards.
    /// </summary>
    public async Task StopAsync()
    {
        _logger.Stopping(_options.HttpStopGraceMs);
        _readiness.SetNotReady("stopping");
        _connections.Drain();
        if (_options.HttpStopGraceMs > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(_options.HttpStopGraceMs), _time);
            await _connections.CloseAsync(LingerDeadline);
        }

        using (var deadline = new CancellationTokenSource(RequestsDeadline, _time))
        {
            await _web.StopAsync(deadline.Token);
        }
        // A disk error here is a fault like any other; the sinks still get what is committed, and the caller checks
        // JournalFaulted.
        await _journal.CommitAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _optimizer
            .StopAsync()
            .WaitAsync(OptimizerDeadline)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _forwarder.StopAsync(DrainDeadline);
        _logger.Stopped(
            _journal.CommittedSequence,
            _forwarder.Statuses.Select(sink => sink.Pending).DefaultIfEmpty(0).Max()
        );
    }

    /// <summary>Reports the journal fault; the process is about to end.</summary>
    public void ReportFault()
    {
        _readiness.SetNotReady("journal fault");
        _logger.JournalFaulted(_journal.Status.Fault ?? "unknown");
    }

    /// <summary>Reports that no more connections can be accepted; the process is about to end.</summary>
    public void ReportListenerFailure(Exception cause)
    {
        _readiness.SetNotReady("no connections");
        _logger.ListenerFailed(cause.Message);
    }

    /// <summary>Releases files and the lock, in reverse order of opening.</summary>
    public async ValueTask DisposeAsync()
    {
        _forwarder.Dispose();
        _optimizer.Dispose();
        _fullJournal.Dispose();
        await _live.DisposeAsync();
        await _journal.DisposeAsync();
        _ratchet?.Dispose();
        _certificate?.Dispose();
        _geo.Dispose();
        _keys.Dispose();
        _experiments.Dispose();
        await _web.DisposeAsync();
        _connections.Dispose();
    }

    private void TakeSettings(EdgeOptions read)
    {
        // All of them first: what is assigned is no difference any more.
        foreach (var setting in SettingChanges.Between(_options, read).ToArray())
        {
            if (!EdgeSettings.Reloadable.Contains(setting.Key))
            {
                _logger.SettingNeedsRestart(setting.Key);
            }
            else if (setting.Assign(_options, setting.Read(read)) is null)
            {
                _logger.SettingTaken(setting.Key, setting.Read(_options));
            }
        }

        foreach (var sink in SettingChanges.OfSinks(_options, read))
        {
            _logger.SettingNeedsRestart($"sinks.{sink}");
        }
    }

    private FirstKey FirstKey() =>
        new(new KeyFile(_options.KeysFile), _options.ApiFirstKey, _options.ApiFirstKeyFile);

    private void Warm()
    {
        try
        {
            _userAgents.Warm();
        }
        catch (Exception e)
        {
            _logger.BackgroundFailed(e, "Loading the user-agent rules");
        }
    }

    /// <summary>
    /// Loads the verdict rules; a file with mistakes is reported and ignored, and the service still starts.
    /// </summary>
    private VerdictJudge LoadVerdicts(EdgeOptions options)
    {
        var (rules, problems) = VerdictRules.Load(options.ToVerdictRuleOptions());
        foreach (var problem in problems)
        {
            _logger.VerdictRulesRefused(problem);
        }

        return new VerdictJudge(rules, problems.Count, _enrichmentFaults);
    }

    private PageRoutes BuildPage(
        ShareTable shares,
        ShareTokens shareTokens,
        SessionTable sessions,
        SameOrigin origins,
        Tally tally,
        RecomputationFiles recomputations,
        WrongKeys wrongKeys,
        Metrics metrics
    )
    {
        var assets = new PageAssets();
        return new PageRoutes(
            assets,
            new SessionEndpoint(_keys, sessions, origins, wrongKeys, metrics),
            new ShareEndpoint(assets, shareTokens, shares, _experiments.Catalog, tally, recomputations, _time, metrics),
            metrics
        );
    }

    /// <summary>Builds the management API: key and rate limit, then the output cache, then the routes.</summary>
    private ManagementApi BuildManagement(
        EdgeOptions options,
        Tally tally,
        RecomputationFiles recomputations,
        ManagementAccess access,
        AuditTrail audit,
        ShareTable shares,
        ShareTokens shareTokens,
        TimeProvider time,
        RequestLog log
    )
    {
        var catalog = _experiments.Catalog;
        var plan = Plan.Of(options.Plan);
        var rules = new DefinitionRules(plan, options.ToExperimentRules());
        var view = new ExperimentView(tally, () => options.KnowsPlaces);
        var drafts = new DefinitionDrafts(catalog, rules, options.OwnHosts, () => options.KnowsPlaces, time);
        var routes = new ManagementRoutes(
            new ListExperiments(catalog, view),
            new SummarizeExperiments(catalog, tally, time),
            new CreateExperiment(_experiments, rules, view, audit, time),
            new GetExperiment(catalog, view),
            new UpdateExperiment(_experiments, rules, view, audit, time),
            new MoveExperiment(_experiments, rules, view, audit, time),
            new GetQuota(catalog, plan),
            audit,
            new GetResults(catalog, tally, time),
            new GetSeries(catalog, tally),
            new GetRecomputations(catalog, recomputations),
            new ExplainExperiment(catalog, _verdicts, options.VariantOverride, time),
            new RecomputeWeights(catalog, _optimizer, audit),
            new ValidateDefinition(drafts, view),
            new ExplainDefinition(drafts, _verdicts, options.VariantOverride, time),
            new ListOccurrences(drafts, time),
            new ManageShares(catalog, shares, shareTokens, audit, time)
        );
        var cached = ((IApplicationBuilder)_web).New();
        cached.UseOutputCache();
        cached.Run(routes.DispatchAsync);
        // Responses from an older catalog are no longer requested; evicting them frees memory.
        var answers = _web.Services.GetRequiredService<IOutputCacheStore>();
        _experiments.CatalogChanged += _ =>
            answers.EvictByTagAsync(ManagementCache.Tag, CancellationToken.None).AsTask();
        return new ManagementApi(access, log) { Next = cached.Build() };
    }
}
