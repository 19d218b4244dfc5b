using System.CommandLine;
using System.Text;
using Edge.Access;
using Edge.Alerts;
using Edge.Catalog;
using Edge.Commands.Journals;
using Edge.Commands.Streams;
using Edge.Enrichment.Geo;
using Edge.Enrichment.Hashing;
using Edge.Enrichment.Verdicts;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Experiments.Schedules;
using Edge.Fleet;
using Edge.Formats;
using Edge.Forwarding;
using Edge.Hosting;
using Edge.Journal;
using Edge.Journal.Recovery;
using Edge.Journal.Segments;
using Edge.Lint;
using Edge.Machine;
using Edge.Postgres;
using Edge.Settings;
using Edge.Settings.Sinks;
using Edge.Statistics.Counting;
using Edge.Statistics.Optimization;
using Edge.Storage;
using Edge.Transport;

namespace Edge.Commands;

/// <summary>
/// <c>edge check</c>: lists everything wrong with what the service would start with, or with one file that is not there
/// yet: settings, environment, rules of the verdict, experiments, address salt, keys, shares, tally, histories, journal. Changes nothing; it may run
/// beside the service, whose journal it then leaves alone. One line per finding, <c>severity file path: message
/// [code]</c>, and a last line that counts.
/// </summary>
internal sealed class CheckCommand(EdgeOptions options, TimeProvider time, TextWriter output)
{
    private readonly int[] _counts = new int[3];
    private readonly ExperimentRules _rules = options.ToExperimentRules();

    private readonly IReadOnlyList<OwnHost> _hosts = options.OwnHosts;
    private int _experiments;

    public static Command Define(StandardStreams io)
    {
        var experiment = new Option<string>("--experiment")
        {
            HelpName = "FILE",
            Description = "Checks this one file of an experiment and nothing else.",
        };
        var command = new Command("check", "Lists everything wrong with settings, experiments, salt and journal.")
        {
            experiment,
        };
        var settings = SettingsArguments.AddTo(command).WithDataDir(command);
        command.SetAction(result =>
        {
            var (options, problems) = settings.Read(result);
            settings.NoteUnreadFile(result, io.Error);
            return new CheckCommand(options, TimeProvider.System, io.Out).Run(problems, result.GetValue(experiment));
        });
        return command;
    }

    /// <param name="problems">What is wrong with the settings.</param>
    /// <param name="experiment">The one file to look at; null for the data directory.</param>
    public int Run(IReadOnlyList<string> problems, string? experiment)
    {
        foreach (var problem in problems)
        {
            Report(Severity.Error, "setting", "settings", "", problem);
        }
        foreach (var ignored in options.IgnoredVariables)
        {
            Report(Severity.Warning, "environment", "settings", "", ignored);
        }
        if (experiment is not null)
        {
            CheckFile(experiment, ReadNamed);
        }
        else
        {
            CheckMachine();
            CheckPlaces();
            CheckAddresses();
            CheckSinks(CheckDataDir());
            CheckCertificate();
            CheckFleet(problems.Count == 0);
            CheckVerdictRules();
            CheckGeo();
            CheckSalt();
            CheckModes();
            CheckRatchet();
            if (options.Role != NodeRole.Edge)
            {
                // An edge has those of its origin, whatever lies here.
                if (options.StoreKind == StoreKind.Postgres)
                {
                    CheckStore(problems.Count == 0);
                }
                else
                {
                    CheckExperiments();
                    CheckKeys();
                }

                CheckShares();
                CheckState("alerts", AlertBook.Name, AlertBook.Problem(options.DataDir));
                CheckRecomputations();
            }

            CheckTally();
            CheckJournal();
        }
        output.WriteLine(
            $"{Count(_experiments, "experiment")} checked: {Count(_counts[(int)Severity.Error], "error")},"
                + $" {Count(_counts[(int)Severity.Warning], "warning")}, {Count(_counts[(int)Severity.Note], "note")}"
        );
        return _counts[(int)Severity.Error] == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    private void CheckMachine()
    {
        if (ServeCommand.EnvironmentProblem() is { } problem)
        {
            Report(Severity.Error, "environment", "environment", "", problem);
        }
        var (machine, lowered, shortage) = FittedSettings.Of(options);
        if (shortage is not null)
        {
            Report(Severity.Error, "open_files", "machine", "", shortage);
        }
        Report(
            Severity.Note,
            "limits",
            "machine",
            "",
            $"gives {machine.Descriptors} open files and {machine.MemoryBytes} bytes of memory, enough for"
                + $" {options.HttpMaxConnections} connections"
        );
        foreach (var limit in lowered)
        {
            Report(
                Severity.Note,
                "lowered",
                "setting",
                limit.Setting,
                $"is lowered from {limit.From} to {limit.To}: {limit.Reason}"
            );
        }
        if (!TimeZones.HasDatabase)
        {
            Report(
                Severity.Warning,
                "time_zones",
                "machine",
                "",
                "has no time zone database (package tzdata), so only UTC is known in schedules"
            );
        }
        else if (VisitorZones.Find("Europe/Berlin") is null)
        {
            Report(
                Severity.Warning,
                "time_zones",
                "machine",
                "",
                "has a time zone database without zone.tab, so schedules on visitors' clocks take the fallback for everybody"
            );
        }
    }

    private void CheckPlaces()
    {
        try
        {
            foreach (var (path, problem) in DataPlaces.FindWrong(options))
            {
                Report(Severity.Error, "place", path, "", problem);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Report(Severity.Error, "unreadable", options.DataDir, "", $"cannot be read: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    /// <summary>Whether this user may write what the service keeps; what is wrong with the directory as a whole.</summary>
    private string? CheckDataDir()
    {
        if (DirectoryProbe.ProblemOf(options.DataDir, out var isFull) is { } problem)
        {
            // With events in the journal it starts on a full disk, too.
            Report(isFull ? Severity.Warning : Severity.Error, "data_dir", options.DataDir, "", problem);
            return problem;
        }

        foreach (var directory in DataPlaces.Directories(options).Where(Directory.Exists))
        {
            if (!DirectoryProbe.MayChange(directory))
            {
                Report(Severity.Error, "data_dir", directory, "", "may not be written by this user; check its owner and mode");
            }
        }

        return null;
    }

    private void CheckAddresses()
    {
        foreach (var address in options.ListenAddresses)
        {
            if (ListenChecks.ProblemOf(address) is { } problem)
            {
                Report(Severity.Error, "address", "setting", address.Text, problem);
            }
        }
    }

    /// <summary>Whether file sinks can write; doctor looks at destinations elsewhere.</summary>
    /// <param name="known">What has been said of the data directory.</param>
    private void CheckSinks(string? known)
    {
        foreach (var sink in options.Sinks)
        {
            if (
                sink is { Type: SinkType.File, Enabled: true }
                && DirectoryProbe.ProblemOf(options.DirectoryOf(sink), out _) is { } problem
                && problem != known
            )
            {
                Report(Severity.Error, "sink", "setting", $"{SinkConfiguration.Prefix}{sink.Name}.directory", problem);
            }
        }
    }

    private void CheckCertificate()
    {
        if (options.TlsCertificateFile.Length == 0 || options.TlsKeyFile.Length == 0)
        {
            return;
        }

        var (file, key) = (options.TlsCertificateFile, options.TlsKeyFile);
        if (TlsCertificate.TryLoad(file, key, out var problem) is not { } certificate)
        {
            Report(Severity.Error, "tls", "setting", "", problem);
        }
        else if (certificate.ProblemAt(time.GetUtcNow()) is { } invalid)
        {
            Report(Severity.Warning, "tls", options.TlsCertificateFile, "", invalid);
        }
    }

    /// <summary>Says the role when it is not the ordinary one, and looks at an edge's copy of the catalog.</summary>
    private void CheckFleet(bool hasSettings)
    {
        if (options.Role == NodeRole.Standalone || !hasSettings)
        {
            return;
        }

        var isEdge = options.Role == NodeRole.Edge;
        Report(
            Severity.Note,
            "role",
            "setting",
            "role",
            $"is {WireNames<NodeRole>.Lower.Text(options.Role)} of the fleet {options.FleetId}"
                + (isEdge ? $", whose origin is {options.FleetOriginUrl}" : "")
        );
        if (!isEdge)
        {
            return;
        }

        if (options.Sinks.Any(static sink => sink is { IsOrigin: true, Enabled: false }))
        {
            Report(
                Severity.Note,
                "origin_sink",
                "setting",
                "sinks.origin.enabled",
                "is false: the origin gets no events of this edge, so its results and bandits lack them unless it counts in ClickHouse (tally.sink)"
            );
        }

        var path = Path.Combine(options.FleetDir, CatalogCopy.FileName);
        try
        {
            var bytesMax = EditionDocument.BytesFor(MemoryLimit.Bytes());
            var copy = new CatalogCopy(options.FleetDir, options.FleetId, bytesMax).Read();
            Report(
                Severity.Note,
                "catalog_copy",
                path,
                "",
                copy is null
                    ? "is not there yet; the origin gives it"
                    : $"has version {copy.Tag.Version} with {copy.Items.Count} items"
            );
        }
        catch (Exception e) when (e is EditionException or IOException or UnauthorizedAccessException)
        {
            Report(Severity.Warning, "catalog_copy", path, "", $"{e.Message}; the start sets it aside, and the origin gives another");
        }
    }

    private void CheckVerdictRules()
    {
        foreach (var problem in VerdictRules.Load(options.ToVerdictRuleOptions()).Problems)
        {
            Report(Severity.Error, "verdict_rules", "rules of the verdict", "", problem);
        }
    }

    /// <summary>The service starts without places, so this is no error.</summary>
    private void CheckGeo()
    {
        if (options.GeoDatabase.Length > 0 && GeoFile.TryLoad(options.GeoDatabase, out var problem) is null)
        {
            Report(Severity.Warning, "geo", options.GeoDatabase, "", $"{problem}; events have no place");
        }
    }

    /// <summary>The experiments in PostgreSQL, as the start would read them.</summary>
    private void CheckStore(bool hasSettings)
    {
        const string Subject = "store";
        if (!hasSettings)
        {
            return;
        }

        try
        {
            using var store = StoreFactory.Connection(options);
            foreach (var stored in PostgresStore.ReadDefinitions(store))
            {
                CheckFile($"{Subject}:{stored.Uid}", _ => Encoding.UTF8.GetBytes(stored.Definition));
            }

            Report(Severity.Note, Subject, Subject, "", $"is PostgreSQL at {store.Place}");
        }
        catch (StoreException e)
        {
            Report(Severity.Error, Subject, Subject, "", e.Message);
        }
    }

    private void CheckExperiments()
    {
        var directory = options.ExperimentsDir;
        if (!Directory.Exists(directory))
        {
            Report(Severity.Note, "missing", directory, "", "is not there yet; the first start makes it");
            return;
        }
        var claims = new ExperimentClaims();
        var grouped = new List<Experiment>();
        try
        {
            var found = new List<(Experiment Experiment, string File)>();
            foreach (var path in ExperimentFile.PathsIn(directory))
            {
                if (CheckFile(path, ReadStored) is { } experiment)
                {
                    found.Add((experiment, Path.GetFileName(path)));
                }
            }

            foreach (var (experiment, file) in ExperimentClaims.InOrder(found, static one => one))
            {
                var path = Path.Combine(directory, file);
                if (!claims.TryClaim(experiment, file, out var problem))
                {
                    Report(Severity.Error, ViolationCodes.NotUnique, path, problem.Field, problem.Reason);
                }

                CheckGroup(path, experiment, grouped);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Report(Severity.Error, "unreadable", directory, "", $"cannot be read: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    /// <summary>The file that was named, which may be a pipe; null after reporting why not.</summary>
    private byte[]? ReadNamed(string path)
    {
        var error = new StringWriter();
        var bytes = InputFile.Read(path, ExperimentFile.BytesMax, "", error);
        if (bytes is null)
        {
            Report(Severity.Error, "unreadable", path, "", error.ToString().Trim().TrimStart(':').Trim());
        }

        return bytes;
    }

    /// <summary>A file of the service, as it would read it; null after reporting why not.</summary>
    private byte[]? ReadStored(string path)
    {
        try
        {
            return JsonProblem.WithoutMark(DiskFile.ReadWhole(path, ExperimentFile.BytesMax)).ToArray();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Report(Severity.Error, "unreadable", path, "", e.Message);
            return null;
        }
    }

    /// <summary>Reports another experiment in the same buckets of an exclusion group.</summary>
    private void CheckGroup(string path, Experiment experiment, List<Experiment> grouped)
    {
        if (
            experiment.ExclusionGroup is not { } group
            || experiment.Status is ExperimentStatus.Completed or ExperimentStatus.Archived
        )
        {
            return;
        }
        if (grouped.Find(other => other.Team == experiment.Team && other.ExclusionGroup!.Overlaps(group)) is { } other)
        {
            Report(
                Severity.Error,
                "exclusion_overlap",
                path,
                "exclusionGroup",
                $"overlaps with that of '{other.Slug}', so the two have units in common"
            );
        }
        grouped.Add(experiment);
    }

    /// <summary>Reports what is wrong with one file; the experiment when it can be served.</summary>
    private Experiment? CheckFile(string path, Func<string, byte[]?> read)
    {
        _experiments++;
        var now = time.GetUtcNow();
        if (read(path) is not { } bytes)
        {
            return null;
        }
        var reading = ExperimentReader.ReadStored(bytes, _rules, now);
        foreach (var violation in reading.Violations)
        {
            Report(Severity.Error, violation.Code, path, violation.Field, violation.Message);
        }
        foreach (var unknown in reading.Unknown)
        {
            Report(Severity.Warning, unknown.Code, path, unknown.Field, unknown.Message);
        }
        if (reading.Experiment is not { } experiment)
        {
            return null;
        }
        foreach (var finding in ExperimentLint.Check(experiment, _hosts, now, options.KnowsPlaces))
        {
            Report(finding.Severity, finding.Code, path, finding.Path, finding.Message);
        }
        return experiment;
    }

    private void CheckSalt()
    {
        if (options.AddressSalt.Length > 0)
        {
            return;
        }
        if (
            AddressSalt.IsMissing(options.AddressSalt, options.DataDir)
            && JournalView.HasEvents(options.ToJournalOptions())
        )
        {
            Report(
                Severity.Warning,
                "address_salt",
                AddressSalt.PathIn(options.DataDir),
                "",
                $"is gone, and the next start makes a new one: {AddressSalt.ReplacedMeans}"
            );
        }

        if (AddressSalt.Problem(options.DataDir) is { } problem)
        {
            Report(
                problem.IsFatal ? Severity.Error : Severity.Warning,
                "address_salt",
                AddressSalt.PathIn(options.DataDir),
                "",
                problem.Message
            );
        }
    }

    private void CheckModes()
    {
        foreach (var exposed in SecretDirectory.FindExposed(options.DataDir, options.KeysFile))
        {
            if (exposed.Path == AddressSalt.PathIn(options.DataDir))
            {
                continue;
            }
            Report(
                Severity.Warning,
                "mode",
                exposed.Path,
                "",
                $"{exposed.Problem}; chmod {ExposedPath.Octal(exposed.Wanted)} closes it"
            );
        }
    }

    private void CheckRatchet()
    {
        if (options.AddressHash == AddressHashMode.Ratchet && RatchetFile.Problem(options.DataDir) is { } problem)
        {
            Report(Severity.Error, "address_ratchet", RatchetFile.PathIn(options.DataDir), "", problem);
        }
    }

    private void CheckKeys()
    {
        try
        {
            var file = new KeyFile(options.KeysFile);
            if (
                file.Read().Count == 0
                && new FirstKey(file, options.ApiFirstKey, options.ApiFirstKeyFile).Problem() is { } problem
            )
            {
                Report(Severity.Error, "first_key", options.ApiFirstKeyFile, "", problem);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Report(Severity.Error, "keys", options.KeysFile, "", e.Message);
        }
    }

    private void CheckShares() => CheckState("shares", ShareTable.Name, ShareTable.Problem(options.DataDir));

    private void CheckTally() => CheckState("tally", TallyFile.Name, TallyFile.Problem(options.DataDir));

    private void CheckState(string code, string name, (bool IsFatal, string Message)? found)
    {
        if (found is var (isFatal, problem))
        {
            Report(
                isFatal ? Severity.Error : Severity.Warning,
                code,
                Path.Combine(options.DataDir, name),
                "",
                problem
            );
        }
    }

    private void CheckRecomputations()
    {
        foreach (var (path, problem) in RecomputationFiles.FindDamaged(options.RecomputationsDir))
        {
            Report(Severity.Warning, "recomputations", path, "", problem);
        }
    }

    private void CheckJournal()
    {
        var directory = options.JournalDir;
        if (!File.Exists(Path.Combine(directory, JournalManifest.FileName)))
        {
            if (Directory.Exists(directory) && Directory.EnumerateFiles(directory, SegmentFiles.Pattern).Any())
            {
                Report(
                    Severity.Error,
                    "journal",
                    directory,
                    "",
                    $"has segments but no {JournalManifest.FileName}: restore it"
                );
            }
            else
            {
                Report(Severity.Note, "missing", directory, "", "is not there yet; the first start makes it");
            }
            return;
        }
        try
        {
            using var journal = OfflineJournal.OpenStoppedToRead(options.ToJournalOptions());
            JournalVerify.Examine(journal, problem => Report(Severity.Error, "journal", directory, "", problem));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Report(Severity.Error, "journal", directory, "", e.Message);
        }
        catch (JournalException e)
        {
            Report(
                e.IsInUse ? Severity.Note : Severity.Error,
                "journal",
                directory,
                "",
                e.IsInUse ? "is in use by a running service and was not looked at" : e.Message
            );
        }
    }

    private void Report(Severity severity, string code, string file, string path, string message)
    {
        _counts[(int)severity]++;
        var word = severity switch
        {
            Severity.Error => "error",
            Severity.Warning => "warning",
            _ => "note",
        };
        output.WriteLine(
            $"{word}: {file}:{(path.Length == 0 ? "" : " ")}{path} {message} [{code}]".ReplaceLineEndings(" ")
        );
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
