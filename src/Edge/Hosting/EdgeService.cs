using System.Text;
using Edge.Access;
using Edge.Alerts;
using Edge.Audit;
using Edge.Catalog;
using Edge.Corrections;
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
using Edge.Endpoints.Fleet;
using Edge.Fleet;
using Edge.Fleet.Following;
using Edge.Fleet.Origin;
using Edge.Requests.Bodies;
using Edge.Formats;
using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Machine;
using Edge.Postgres;
using Edge.Requests;
using Edge.Settings;
using Edge.Statistics.Counting;
using Edge.Statistics.Optimization;
using Edge.Statistics.Querying;
using Edge.Statistics.WhatIf;
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

    /// <summary>Time to judge the last clicks.</summary>
    private static readonly TimeSpan CorrectionsDeadline = TimeSpan.FromMilliseconds(500);

    /// <summary>Time for the optimizer and the alerts to finish what they are writing.</summary>
    private static readonly TimeSpan OptimizerDeadline = TimeSpan.FromSeconds(1);

    /// <summary>Why an edge is not ready that has never had a catalog.</summary>
    private const string NoCatalog = "no catalog from the origin yet";

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
    private readonly CatalogHolder _catalog;
    private readonly KeyRing _keys;

    /// <summary>Where experiments are stored; null on an edge, which has those of its origin.</summary>
    private readonly IExperimentStore? _experiments;

    /// <summary>Null on an edge, whose weights its origin moves.</summary>
    private readonly Optimizer? _optimizer;

    /// <summary>The counts of all nodes; null unless they come from ClickHouse.</summary>
    private readonly ClickHouseTally? _counts;

    /// <summary>Null on an edge, which has no tally to look at.</summary>
    private readonly Alerter? _alerter;

    /// <summary>On an edge alone.</summary>
    private readonly CatalogFollower? _follower;

    /// <summary>On an origin alone.</summary>
    private readonly CatalogPublisher? _publisher;
    private readonly Forwarder _forwarder;

    /// <summary>What judges clicks later; null where nothing does.</summary>
    private readonly CorrectionPump? _corrections;
    private readonly EnrichmentFaults _enrichmentFaults = new();
    private readonly VerdictJudge _verdicts;
    private readonly VisitRequestReader _requests;
    private readonly UserAgentCache _userAgents;
    private readonly GeoDatabase _geo;
    private readonly LinkTokens _links;
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
            () => _catalog!,
            () => _certificate!
        );
        _logger = _web.Logger;
        if (options.TlsCertificateFile.Length > 0)
        {
            _certificate = ServedCertificate.Open(options.TlsCertificateFile, options.TlsKeyFile, time, _logger);
        }

        var metrics = new Metrics(
            options.Role == NodeRole.Origin ? [.. EventApi.All, ForwardedEventsEndpoint.Api] : EventApi.All
        );
        var ledger = new Ledger();
        var log = new RequestLog(metrics, _logger, time);

        _journal = EventJournal.Open(options.ToJournalOptions(), time, ledger);
        _journal.PageDamaged += path => _logger.JournalPageDamaged(path);
        foreach (var problem in _journal.Status.Findings.Released)
        {
            _logger.RetainedSegmentLost(problem);
        }

        _fullJournal = new FullJournalReport(_journal, ledger, time, _logger);
        var isSaltReplaced =
            _journal.CommittedSequence > 0 && AddressSalt.IsMissing(options.AddressSalt, options.DataDir);
        var salt = AddressSalt.LoadOrCreate(options.AddressSalt, options.DataDir);
        if (isSaltReplaced)
        {
            _logger.AddressSaltReplaced(AddressSalt.PathIn(options.DataDir));
        }

        var fleet =
            options.Role == NodeRole.Standalone ? null : new FleetSecret(options.FleetId, options.FleetSecret);
        if (options.Role == NodeRole.Edge)
        {
            _follower = OpenFollower(fleet!, salt);
            (_catalog, _keys) = (_follower.Catalog, _follower.Keys);
        }
        else if (options.StoreKind == StoreKind.Postgres)
        {
            _keys = KeyRing.WithoutFile(time);
            _experiments = OpenPostgres();
            _catalog = _experiments.Catalog;
        }
        else
        {
            _experiments = OpenFiles();
            _catalog = _experiments.Catalog;
            _keys = KeyRing.Open(new KeyFile(options.KeysFile), time, reason => _logger.KeysRefused(reason));
        }

        _verdicts = LoadVerdicts(out var rulesInForce);
        var tallyOptions = new TallyOptions
        {
            Directory = options.DataDir,
            CursorPath = Path.Combine(options.CursorsDir, Tally.SinkName),
            // An edge counts for the clicks that its links may still take; the origin learns.
            Limits = TallyLimits.Default with { UnitsMax = options.Role == NodeRole.Edge ? 0 : options.TallyUnitsMax },
        };
        var tally = Tally.Open(tallyOptions, _journal, _catalog, time, _logger);
        _counts = _experiments is null ? null : CountsSetup.Open(options, _catalog, time, _logger);
        var counts = _counts ?? (ITally)tally;
        if (options.Role == NodeRole.Origin)
        {
            _publisher = OpenPublisher(fleet!, rulesInForce, counts);
        }

        RecomputationFiles? recomputations = null;
        if (_experiments is not null)
        {
            recomputations = RecomputationFiles.Open(options.RecomputationsDir, _logger);
            _optimizer = new Optimizer(
                _experiments,
                counts,
                recomputations,
                static (experiment, now) => experiment.RunTime(now),
                IsLeader,
                time,
                _logger
            );
            _alerter = AlertSetup.Build(options, _catalog, counts, IsLeader, time, _logger);
        }

        var pumps = new PumpBuilder(options, _journal, time, _logger);
        _forwarder = new Forwarder(pumps.Build(tally), _logger);
        _corrections = pumps.BuildCorrections(_verdicts, _catalog);

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
        var hashes = new VisitorHashes(
            _ratchet as IDayKeySource ?? new SaltedKeys(salt),
            SaltedKeys.StableUnitKey(salt)
        );
        var places = new PlaceFinder(_geo, addresses, options.GeoCountryHeader);
        _userAgents = new UserAgentCache(_verdicts, _enrichmentFaults);
        var synthetic = new SyntheticTraffic(_keys, time);
        var requests = _requests = new VisitRequestReader(addresses, options.GeoCountryHeader, _verdicts, synthetic);
        if (_follower is not null)
        {
            _follower.VerdictsChanged += table =>
            {
                _verdicts.Replace(table);
                requests.Refresh();
            };
        }
        _links = new LinkTokens(options.LinkSecrets, salt);
        var visitors = new VisitorReader(time, addresses, places, _userAgents, _verdicts, hashes, _links);
        var variants = new VariantAssigner(options.VariantOverride, hashes, new ExposureMap());
        _catchUp = tally.CatchUpAsync;
        var budgets = new ClickBudgets(uid => ClicksOf(tally, uid), uid => _follower?.Exhausted.Contains(uid) == true);
        var visits = new VisitRecorder(options.Node, time, visitors, variants, _verdicts, budgets, _journal, metrics);
        var duplicates = new DuplicateWindow(options.DuplicateMemoryBytes, time);
        _duplicates = new DuplicateRestore(
            _journal,
            duplicates,
            isOfFleet: options.Role == NodeRole.Origin,
            options.JournalCommitWaitMs,
            time,
            _logger
        );
        var recorder = new EventRecorder(
            options.Node,
            options.ToJournalOptions().MaxPayloadBytes,
            time,
            requests,
            visitors,
            variants,
            new GoalMatcher(_catalog, visitors),
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
        var outcomes = new OutcomeHeader(options.Demo, _keys);
        Problem.UseTypeBase(options.ProblemTypeBase);
        var pixel = new PixelEndpoint(
            requests,
            _catalog,
            visits,
            _journal,
            options.AckPixel,
            outcomes,
            log
        );
        var click = new ClickEndpoint(
            requests,
            _catalog,
            visits,
            new DeadLinks(options.LinkFallbackUrl, options.LinkTeamFallbackUrls),
            _journal,
            options.AckClick,
            outcomes,
            log
        );
        var isOrigin = options.Role == NodeRole.Origin;
        _createLane = () =>
            new LoopLane(
                new TrackingLane(
                    new HeadLimits(
                        options.HttpMaxRequestLineBytes,
                        options.HttpMaxHeaderBytes,
                        options.HttpMaxHeaderCount
                    ),
                    requests,
                    isOrigin || options.AckPixel == AckMode.Disk ? null : pixel,
                    isOrigin || options.AckClick == AckMode.Disk ? null : click,
                    outcomes.IsAlways,
                    log
                ).Answer,
                metrics.AddDurations(time)
            );
        var rates = new ForwardingRates(time);
        var nodes = _publisher is null ? null : new NodeList(_publisher, fleet!.FingerprintOf(salt), time, _logger);
        var managed = _experiments is null
            ? null
            : BuildManaged(
                _experiments,
                counts,
                recomputations!,
                salt,
                ledger,
                rates,
                wrongKeys,
                addresses,
                fleet,
                nodes,
                duplicates,
                log
            );
        var forwarding = new ForwardingWait(
            _forwarder,
            // Beyond the deadline of the request there would be no answer at all.
            TimeSpan.FromMilliseconds(Math.Min(options.AckForwardedMs, options.HttpRequestTimeoutMs / 2)),
            time,
            _web.Lifetime.ApplicationStopping
        );
        var routes = new Routes(
            pixel,
            click,
            new ResolveEndpoint(requests, _catalog, visits, outcomes, metrics),
            new ImageEndpoint(
                requests,
                _catalog,
                visits,
                new ImageSource(options.ImageUrlTemplate),
                options.ImageCounts,
                log
            ),
            managed,
            new RefusalObserver(_live, time),
            IngestionSetup.Build(
                options,
                _catalog,
                senders,
                wrongKeys,
                recorder,
                new FlagEvaluator(_catalog, requests, new VariantEvaluator(visitors, variants)),
                _keys,
                _journal,
                duplicates,
                _duplicates,
                _forwarder,
                forwarding,
                outcomes,
                metrics,
                time
            ),
            _follower is null ? null : new AbsentCatalog(_follower.HasCatalog, metrics),
            EmbeddedDocument.Client(),
            EmbeddedDocument.OpenApi(),
            new HealthEndpoints(_readiness, _journal, _forwarder, _duplicates),
            new MetricsEndpoint(
                metrics,
                forwarding,
                connectionCounts,
                ledger,
                _journal,
                _forwarder,
                rates,
                _catalog,
                _experiments,
                tally,
                _counts,
                _optimizer,
                _alerter,
                new FleetMetrics(_follower, _publisher, nodes, time),
                _enrichmentFaults,
                _verdicts,
                _corrections,
                _geo,
                _certificate,
                addresses,
                synthetic,
                _links,
                _readiness,
                time
            ),
            new LedgerEndpoint(ledger, _journal, _forwarder),
            isOrigin,
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

    /// <summary>Whether a key was ever issued, or keys are another node's.</summary>
    public bool HasKeys => _follower is not null || !_keys.IsEmpty;

    /// <summary>
    /// Issues a first key if none was ever issued, and returns its secret, which is not stored, when it must be shown;
    /// null otherwise.
    /// </summary>
    public string? IssueFirstKey()
    {
        // Without the store nobody can say whether there are keys; the next start can.
        if (HasKeys || Postgres is { IsReached: false })
        {
            return null;
        }

        var secret = FirstKey().Issue(_time.GetUtcNow());
        _keys.Refresh();
        Postgres?.RefreshKeys();
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
        _experiments?.Refresh();
        if (_geo.IsConfigured)
        {
            _geo.Refresh();
        }

        _certificate?.Reload();
        if (_follower is null)
        {
            ReloadVerdicts();
        }

        _logger.Reloaded(_catalog.Current.Count, _verdicts.Rules.Count);
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

    /// <summary>Reports variables of the environment that somebody may have meant as settings.</summary>
    public void ReportIgnoredVariables()
    {
        foreach (var ignored in _options.IgnoredVariables)
        {
            _logger.VariableIgnored(ignored);
        }
    }

    /// <summary>Starts forwarding and binds the listener; <see cref="BecomeReady"/> is what follows.</summary>
    public async Task StartAsync()
    {
        // Not awaited: a request that arrives earlier loads the rules itself.
        _ = Task.Run(Warm);
        _duplicates.Start();
        if (_experiments is not null)
        {
            _experiments.StartWatching();
            _keys.StartWatching();
        }

        _publisher?.Start();
        _follower?.Start();
        _geo.StartWatching();
        _certificate?.StartWatching();
        _ratchet?.StartWatching();
        _forwarder.Start();
        _corrections?.Start();
        _counts?.Start();
        _optimizer?.Start();
        _alerter?.Start();
        if (_catalog.Current.All.Any(static entry => entry.MayBeLimited))
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

        BecomeReadyWithCatalog();
        _logger.Started(
            BuildInfo.Version,
            WireNames<NodeRole>.Lower.Text(_options.Role),
            Math.Round(_time.GetElapsedTime(_startedAt).TotalMilliseconds),
            string.Join(' ', Addresses),
            Path.GetFullPath(_options.DataDir),
            _catalog.Current.Count,
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
        if (_corrections is not null)
        {
            await _corrections.StopAsync(CorrectionsDeadline);
            await _journal.CommitAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_optimizer is not null && _alerter is not null)
        {
            await Task.WhenAll(_optimizer.StopAsync(), _alerter.StopAsync(), _counts?.StopAsync() ?? Task.CompletedTask)
                .WaitAsync(OptimizerDeadline)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

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
        if (_follower is not null)
        {
            await _follower.DisposeAsync();
        }

        _forwarder.Dispose();
        _corrections?.Dispose();
        _optimizer?.Dispose();
        _alerter?.Dispose();
        _counts?.Dispose();
        _fullJournal.Dispose();
        await _live.DisposeAsync();
        await _journal.DisposeAsync();
        _ratchet?.Dispose();
        _certificate?.Dispose();
        _geo.Dispose();
        _keys.Dispose();
        _experiments?.Dispose();
        await _web.DisposeAsync();
        // Requests wait for it, and the others tell it what has changed.
        if (_publisher is not null)
        {
            await _publisher.DisposeAsync();
        }

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
                _logger.SettingTaken(setting.Key, setting.Read(_options) is { Length: > 0 } value ? value : "(empty)");
            }
        }

        foreach (var sink in SettingChanges.OfSinks(_options, read))
        {
            _logger.SettingNeedsRestart($"sinks.{sink}");
        }
    }

    /// <summary>The store where it is PostgreSQL; else null.</summary>
    private PostgresStore? Postgres => _experiments as PostgresStore;

    /// <summary>Whether this service does what one of several with one store does.</summary>
    private bool IsLeader() => Postgres is null or { IsLeader: true };

    private FirstKey FirstKey() =>
        new(
            Postgres is { } store ? store.Keys : new KeyFile(_options.KeysFile),
            _options.ApiFirstKey,
            _options.ApiFirstKeyFile
        );

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
    /// An edge that has never had a catalog would answer every link with 404, so it waits for one before it wants
    /// traffic. One that has had one does not.
    /// </summary>
    private void BecomeReadyWithCatalog()
    {
        if (_follower is null or { HasCatalog.IsCompleted: true })
        {
            _readiness.SetReady();
            return;
        }

        _readiness.SetNotReady(NoCatalog);
        _follower.HasCatalog.ContinueWith(
            _ =>
            {
                if (_readiness.NotReadyReason == NoCatalog)
                {
                    _readiness.SetReady();
                }
            },
            TaskScheduler.Default
        );
    }

    /// <summary>Opens PostgreSQL as the store, or the copy of it when it is away.</summary>
    private PostgresStore OpenPostgres()
    {
        Directory.CreateDirectory(_options.StoreDir);
        AtomicFile.DeleteUnfinished(_options.StoreDir);
        return PostgresStore.Open(
            StoreFactory.Connection(_options),
            _options.ToExperimentRules(),
            _keys,
            new StoreCopy(_options.StoreDir),
            _options.StorePollMs,
            _time,
            _logger
        );
    }

    /// <summary>Opens the embedded store and reports what changes in it.</summary>
    private ExperimentFileStore OpenFiles()
    {
        if (_options.Demo)
        {
            DemoExperiments.WriteIfEmpty(_options.ExperimentsDir, _time);
        }

        var experiments = ExperimentFileStore.Open(
            _options.ExperimentsDir,
            _options.ToExperimentRules(),
            _time,
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
        experiments.FileChanged += change =>
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
        return experiments;
    }

    /// <summary>Opens what an edge has in place of a store: its origin's catalog, or the copy of it on disk.</summary>
    private CatalogFollower OpenFollower(FleetSecret fleet, string salt)
    {
        var bytesMax = EditionDocument.BytesFor(MemoryLimit.Bytes());
        return new CatalogFollower(
            new OriginClient(
                new Uri(_options.FleetOriginUrl),
                fleet,
                OriginClient.Patience,
                OriginClient.AnswerTimeout,
                bytesMax
            ),
            new CatalogCopy(FleetDirectory(), fleet.Id, bytesMax),
            KeyRing.WithoutFile(_time),
            _options.Node,
            fleet.FingerprintOf(salt),
            _time,
            _logger
        );
    }

    /// <summary>Opens what an origin gives to its edges.</summary>
    private CatalogPublisher OpenPublisher(FleetSecret fleet, VerdictRuleOptions rules, ITally counts)
    {
        var publisher = new CatalogPublisher(
            FleetDirectory(),
            fleet,
            _catalog,
            _keys,
            new ExhaustedLinks(uid => ClicksOf(counts, uid)),
            rules,
            _time,
            _logger
        );
        _experiments!.CatalogChanged += _ => publisher.Notify();
        _keys.Changed += publisher.Notify;
        _web.Lifetime.ApplicationStopping.Register(publisher.Close);
        return publisher;
    }

    private static long ClicksOf(ITally tally, string uid) => tally.CountsOf(uid).Sum(static variant => variant.Clicks);

    private string FleetDirectory()
    {
        Directory.CreateDirectory(_options.FleetDir);
        AtomicFile.DeleteUnfinished(_options.FleetDir);
        return _options.FleetDir;
    }

    /// <summary>
    /// Loads the verdict rules; a file with mistakes is reported and ignored, and the service still starts.
    /// </summary>
    private VerdictJudge LoadVerdicts(out VerdictRuleOptions inForce)
    {
        inForce = VerdictRuleOptions.Default;
        if (_follower?.Verdicts is { } followed)
        {
            return new VerdictJudge(followed, 0, _enrichmentFaults);
        }

        var read = ReadVerdictRules();
        var (rules, problems) = VerdictRules.Load(read);
        foreach (var problem in problems)
        {
            _logger.VerdictRulesRefused(problem);
        }

        // With mistakes in the file edges get the built-in rules, as this node does.
        inForce = problems.Count == 0 ? read : read with { File = "", Content = default };
        return new VerdictJudge(rules, problems.Count, _enrichmentFaults);
    }

    private void ReloadVerdicts()
    {
        var read = ReadVerdictRules();
        var (rules, problems) = VerdictRules.Load(read);
        if (rules is not null && problems.Count == 0)
        {
            _verdicts.Replace(rules);
            _requests.Refresh();
            _publisher?.Take(read);
        }
        else
        {
            _verdicts.Refuse(problems.Count);
            foreach (var problem in problems)
            {
                _logger.VerdictRulesRefused(problem);
            }
        }
    }

    /// <summary>
    /// The rules of the verdict with their file as it is now, so that edges get what this node has judged; unread when it cannot
    /// be, which loading them reports.
    /// </summary>
    private VerdictRuleOptions ReadVerdictRules()
    {
        var rules = _options.ToVerdictRuleOptions();
        try
        {
            return rules with { Content = VerdictRules.ReadFile(rules) };
        }
        catch (Exception e)
            when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return rules;
        }
    }

    /// <summary>
    /// Builds what people who manage experiments use, and what an origin serves to its edges. An edge has none of it.
    /// </summary>
    private ManagedRoutes BuildManaged(
        IExperimentStore experiments,
        ITally tally,
        RecomputationFiles recomputations,
        string salt,
        Ledger ledger,
        ForwardingRates rates,
        WrongKeys wrongKeys,
        ClientAddressResolver addresses,
        FleetSecret? fleet,
        NodeList? nodes,
        DuplicateWindow duplicates,
        RequestLog log
    )
    {
        var metrics = log.Metrics;
        var sessions = new SessionTable(_keys, TimeSpan.FromMinutes(_options.PageSessionIdleMinutes), _time);
        var origins = new SameOrigin(addresses);
        var access = new ManagementAccess(
            _keys,
            _options.PageEnabled ? sessions : null,
            origins,
            new RateWindow(_options.ApiRequestsPerMinute, _time),
            wrongKeys,
            metrics
        );
        var shares = ShareTable.Open(_options.DataDir, _time, reason => _logger.SharesSetAside(reason));
        var shareTokens = new ShareTokens(Encoding.UTF8.GetBytes(salt));
        var audit = new AuditTrail(
            Postgres is { } store ? store.Audit : new AuditLog(_options.DataDir),
            _time,
            _logger
        );
        return new ManagedRoutes(
            BuildManagement(experiments, tally, recomputations, access, audit, shares, shareTokens, log),
            new SystemEndpoint(
                _options,
                access,
                ledger,
                _journal,
                _forwarder,
                rates,
                _readiness,
                _live,
                audit,
                _time,
                log
            ),
            new LiveEndpoint(_live, access, _catalog, _time, metrics),
            _options.PageEnabled
                ? BuildPage(shares, shareTokens, sessions, origins, tally, recomputations, wrongKeys, metrics)
                : null,
            fleet is null || nodes is null ? null : BuildFleet(fleet, nodes, access, audit, wrongKeys, duplicates, metrics)
        );
    }

    /// <summary>Builds what an origin serves to its edges.</summary>
    private FleetRoutes BuildFleet(
        FleetSecret fleet,
        NodeList nodes,
        ManagementAccess access,
        AuditTrail audit,
        WrongKeys wrongKeys,
        DuplicateWindow duplicates,
        Metrics metrics
    )
    {
        var edges = new FleetAccess(fleet, wrongKeys, metrics);
        var operators = new OperatorAccess(access, metrics);
        var bodies = new BodyRules(ForwardedEventsEndpoint.BytesMax)
        {
            Budget = new ByteBudget(_options.IngestInFlightBytes),
            Large = new LargeBodies(Environment.ProcessorCount),
        };
        return new FleetRoutes(
            new CatalogEndpoint(edges, _publisher!, nodes, metrics),
            new ForwardedEventsEndpoint(
                edges,
                bodies,
                _options.ToJournalOptions().MaxPayloadBytes,
                duplicates,
                _duplicates,
                _journal,
                metrics
            ),
            new NodesEndpoint(operators, fleet.Id, _publisher!, nodes, _time, metrics),
            new RolloutEndpoint(
                operators,
                _publisher!,
                nodes,
                isOnlyOrigin: _options.StoreKind == StoreKind.Files,
                audit,
                _time,
                metrics
            )
        );
    }

    private PageRoutes BuildPage(
        ShareTable shares,
        ShareTokens shareTokens,
        SessionTable sessions,
        SameOrigin origins,
        ITally tally,
        RecomputationFiles recomputations,
        WrongKeys wrongKeys,
        Metrics metrics
    )
    {
        var assets = new PageAssets();
        return new PageRoutes(
            assets,
            new SessionEndpoint(_keys, sessions, origins, wrongKeys, metrics),
            new ShareEndpoint(assets, shareTokens, shares, _catalog, tally, recomputations, _time, metrics),
            metrics
        );
    }

    /// <summary>Builds the management API: key and rate limit, then the output cache, then the routes.</summary>
    private ManagementApi BuildManagement(
        IExperimentStore experiments,
        ITally tally,
        RecomputationFiles recomputations,
        ManagementAccess access,
        AuditTrail audit,
        ShareTable shares,
        ShareTokens shareTokens,
        RequestLog log
    )
    {
        var (options, time, catalog) = (_options, _time, _catalog);
        var plan = Plan.Of(options.Plan);
        var rules = new DefinitionRules(plan, options.ToExperimentRules());
        var view = new ExperimentView(tally, () => options.KnowsPlaces);
        var drafts = new DefinitionDrafts(catalog, rules, options.OwnHosts, () => options.KnowsPlaces, time);
        var routes = new ManagementRoutes(
            new ListExperiments(catalog, view),
            new SummarizeExperiments(catalog, tally, time),
            new CreateExperiment(experiments, rules, view, audit, time),
            new GetExperiment(catalog, view),
            new UpdateExperiment(experiments, rules, view, audit, time),
            new MoveExperiment(experiments, rules, view, audit, time),
            new GetQuota(catalog, plan),
            new GetAlerts(catalog, _alerter!),
            audit,
            new GetResults(catalog, tally, time),
            new GetSeries(catalog, tally),
            new GetUniques(catalog, tally),
            new GetRecomputations(catalog, recomputations),
            new ExplainExperiment(catalog, _verdicts, options.VariantOverride, time),
            new EstimateWhatIf(catalog, drafts, new WhatIfStudy(options.ToJournalOptions(), time, StopRequested)),
            new RecomputeWeights(catalog, _optimizer!, audit),
            new ValidateDefinition(drafts, view),
            new ExplainDefinition(drafts, _verdicts, options.VariantOverride, time),
            new ListOccurrences(drafts, time),
            new ManageShares(catalog, shares, shareTokens, audit, time),
            new CreateLinks(catalog, _links, time),
            new ExportDefinitions(catalog),
            new ApplyDefinitions(experiments, rules, audit, time)
        );
        var cached = ((IApplicationBuilder)_web).New();
        cached.UseOutputCache();
        cached.Run(routes.DispatchAsync);
        // Responses from an older catalog are no longer requested; evicting them frees memory.
        var answers = _web.Services.GetRequiredService<IOutputCacheStore>();
        experiments.CatalogChanged += _ =>
            answers.EvictByTagAsync(ManagementCache.Tag, CancellationToken.None).AsTask();
        return new ManagementApi(access, log) { Next = cached.Build() };
    }
}
