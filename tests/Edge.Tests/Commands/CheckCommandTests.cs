using Edge.Catalog;
using Edge.Commands;
using Edge.Enrichment.Hashing;
using Edge.Journal.Records;
using Edge.Settings;
using Edge.Tests.Experiments;
using Edge.Tests.Journal;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Commands;

public sealed class CheckCommandTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly EdgeOptions _options;

    public CheckCommandTests() => _options = new EdgeOptions { DataDir = _directory["data"] };

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Check_NoDataDirectory_NotesAndMakesNothing()
    {
        var (code, lines) = Run();

        Assert.Equal(0, code);
        Assert.Equal("0 experiments checked: 0 errors, 0 warnings, 3 notes", lines[^1]);
        Assert.False(Directory.Exists(_options.DataDir));
    }

    [Fact]
    public async Task Check_DemoDataDirectory_IsSound()
    {
        DemoExperiments.WriteIfEmpty(_options.ExperimentsDir, TimeProvider.System);
        AddressSalt.LoadOrCreate("", _options.DataDir);
        await using (var journal = TestJournal.Open(_options.ToJournalOptions()))
        {
            await journal.AppendAsync(20);
        }

        var (code, lines) = Run();

        Assert.Equal(0, code);
        Assert.StartsWith("4 experiments checked: 0 errors, ", lines[^1], StringComparison.Ordinal);
        var known = new[] { "[limits]", "[mode]", "[same_destination]", "[no_geo]" };
        Assert.All(lines[..^1], line => Assert.Contains(line[line.LastIndexOf('[')..], known));
    }

    [Fact]
    public void Check_UnknownMember_IsNamedAndTheFileIsSound()
    {
        var file = _directory["misspelt.json"];
        File.WriteAllText(file, Definitions.With("variants.0.destinationUrI", "\"https://example.com/\""));

        var (code, lines) = Run(experiment: file);

        Assert.Equal(0, code);
        Assert.Contains(
            $"warning: {file}: variants[0].destinationUrI is not a known member; did you mean destinationUrl? [unknown_member]",
            lines
        );
    }

    [Fact]
    public void Check_RulesOfTheVerdictWithMistakes_NamesEachOfThem()
    {
        _options.AutomationRulesFile = _directory["rules.json"];
        File.WriteAllText(
            _options.AutomationRulesFile,
            """{"rules":[{"id":"A","verdict":"bot","scope":"all","certainty":"sure","mode":"enforced","networks":["192.0.2.1/33"]}]}"""
        );

        var (code, lines) = Run();

        Assert.Equal(1, code);
        Assert.Equal(3, lines.Count(line => line.Contains("[verdict_rules]", StringComparison.Ordinal)));
        Assert.Contains(
            lines,
            line => line.Contains("rules[0].networks '192.0.2.1/33' is neither", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData(false, "there is no such file")]
    [InlineData(true, "")]
    public void Check_GeoDatabaseThatCannotBeRead_IsAWarning(bool isThere, string problem)
    {
        _options.GeoDatabase = _directory["country.mmdb"];
        if (isThere)
        {
            File.WriteAllText(_options.GeoDatabase, "no database");
        }

        var (code, lines) = Run();

        Assert.Equal(0, code);
        Assert.Contains(
            lines,
            line =>
                line.StartsWith($"warning: {_options.GeoDatabase}: {problem}", StringComparison.Ordinal)
                && line.EndsWith("; events have no place [geo]", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Check_EverythingWrong_IsListedAtOnce()
    {
        Directory.CreateDirectory(_options.ExperimentsDir);
        Write("a.json", Definitions.With("variants.0.isDefault", "true"));
        Write("b.json", Definitions.With("uid", "\"exp_other\"", Definitions.With("variants.0.isDefault", "true")));
        Write("c.json", Definitions.With("name", "5", Definitions.With("variants.1.weight", "1")));
        Write("d.json", "{");
        Write(".e.json", "{");
        Write("f.txt", "{");
        Directory.CreateDirectory(Path.GetDirectoryName(AddressSalt.PathIn(_options.DataDir))!);
        File.WriteAllText(AddressSalt.PathIn(_options.DataDir), "short");
        Directory.CreateDirectory(_options.JournalDir);
        File.WriteAllText(Path.Combine(_options.JournalDir, "segment-0000000000"), "");

        var (code, lines) = Run(["urls: 'x' is not an address"]);

        Assert.Equal(1, code);
        string[] errors =
        [
            "error: settings: urls: 'x' is not an address [setting]",
            $"error: {Experiment("b.json")}: slug 'homepage-hero-test' is already the slug in a.json [not_unique]",
            $"error: {Experiment("c.json")}: name must be a string [invalid_type]",
            $"error: {Experiment("c.json")}: variants must have weights that sum to 10000, not 5001 [weight_sum]",
            $"error: {Experiment("d.json")}: is not valid JSON at line 1",
            $"error: {AddressSalt.PathIn(_options.DataDir)}: is damaged: it has 5 characters and not the 64 hexadecimal digits of a generated salt; restore it from a backup [address_salt]",
            $"error: {_options.JournalDir}: has segments but no manifest: restore it [journal]",
        ];
        Assert.All(
            errors,
            error => Assert.Single(lines, line => line.StartsWith(error, StringComparison.Ordinal))
        );
        Assert.StartsWith("4 experiments checked: 7 errors, ", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Check_OneFile_LooksAtNothingElse()
    {
        var file = _directory["one.json"];
        File.WriteAllText(file, Definitions.With("goalConfig.destinationUrl", "\"http://127.0.0.1:8080/\""));

        var (code, lines) = Run(experiment: file);

        Assert.Equal(1, code);
        Assert.Equal(3, lines.Length);
        Assert.StartsWith($"note: {file}: variants none is marked as the default", lines[0], StringComparison.Ordinal);
        Assert.StartsWith(
            $"error: {file}: goalConfig.destinationUrl leads back to this service (127.0.0.1:8080)",
            lines[1],
            StringComparison.Ordinal
        );
        Assert.Equal("1 experiment checked: 1 error, 0 warnings, 1 note", lines[2]);
        Assert.Equal(1, Run(experiment: _directory["none"]).Code);
    }

    [Fact]
    public void Check_WarningsAlone_AreNoFailure()
    {
        var file = _directory["one.json"];
        File.WriteAllText(file, Definitions.With("type", "\"smart_link\""));

        Assert.Equal((0, 3), (Run(experiment: file).Code, Run(experiment: file).Lines.Length));
    }

    [Fact]
    public async Task Check_JournalInUse_IsNotedAndLeftAlone()
    {
        await using var journal = TestJournal.Open(_options.ToJournalOptions());

        var (code, lines) = Run();

        Assert.Equal(0, code);
        Assert.Contains(
            lines,
            line =>
                line.StartsWith("note:", StringComparison.Ordinal)
                && line.EndsWith(
                    "is in use by a running service and was not looked at [journal]",
                    StringComparison.Ordinal
                )
        );
    }

    [Fact]
    public async Task Check_DamagedRecord_IsAnErrorAndChangesNoByte()
    {
        await using (var journal = TestJournal.Open(_options.ToJournalOptions()))
        {
            await journal.AppendAsync(50);
        }
        LogDamage.Flip(
            _options.ToJournalOptions(),
            LogDamage.Locate(_options.ToJournalOptions())[10].Address + EngineRecord.HeaderBytes,
            1
        );
        var before = Contents();

        var (code, lines) = Run();

        Assert.Equal(1, code);
        Assert.Contains(
            lines,
            line =>
                line.StartsWith("error:", StringComparison.Ordinal)
                && line.EndsWith("[journal]", StringComparison.Ordinal)
        );
        Assert.Equal(before, Contents());
    }

    [Fact]
    public void Check_SaltOthersCanRead_IsAWarning()
    {
        AddressSalt.LoadOrCreate("", _options.DataDir);
        File.SetUnixFileMode(AddressSalt.PathIn(_options.DataDir), UnixFileMode.UserRead | UnixFileMode.OtherRead);

        var (code, lines) = Run();

        Assert.Equal(0, code);
        Assert.Contains(
            lines,
            line =>
                line.StartsWith("warning:", StringComparison.Ordinal)
                && line.Contains("chmod 600", StringComparison.Ordinal)
        );
    }

    /// <summary>All bytes of the data directory but those of the lock, which names who looked last.</summary>
    private string Contents() =>
        string.Join(
            '\n',
            Directory
                .EnumerateFiles(_options.DataDir, "*", SearchOption.AllDirectories)
                .Where(path => Path.GetFileName(path) != "lock")
                .Order(StringComparer.Ordinal)
                .Select(path =>
                    path + Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)))
                )
        );

    private string Experiment(string name) => Path.Combine(_options.ExperimentsDir, name);

    private void Write(string name, string text) => File.WriteAllText(Experiment(name), text);

    private (int Code, string[] Lines) Run(string[]? problems = null, string? experiment = null)
    {
        var output = new StringWriter();
        var code = new CheckCommand(_options, new TestClock(Definitions.FileTime), output).Run(
            problems ?? [],
            experiment
        );
        return (code, output.ToString().TrimEnd('\n').Split('\n'));
    }
}
