using Edge.Forwarding;
using Edge.Settings;
using Edge.Settings.Sinks;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Settings;

/// <summary>Sinks from configuration: names, types, keys, and what is said about wrong ones.</summary>
public class SinkSettingsTests
{
    [Theory]
    [InlineData("Hst=a", "'hst' is not known; did you mean Host?")]
    [InlineData("Host=a;Foo=geheim", "'foo' is not known, or cannot have the value it has")]
    [InlineData("Host=a;Port=geheim", "Port cannot have the value it has")]
    [InlineData("Host=a;Timeout=-5", "Timeout cannot have the value it has")]
    [InlineData("Host=a;Password=geheim;Username=\"x", "it must be Name=Value pairs with ; between them")]
    [InlineData("Host", "it must be Name=Value pairs with ; between them")]
    public void Connection_WithAMistake_IsRefusedInOurWords(string connection, string expected)
    {
        var problem = Edge.Postgres.PostgresConnection.Problem(connection);

        Assert.EndsWith($"Username=edge: {expected}", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_AllOfThem_StandInTheForwardingGuide()
    {
        var guide = File.ReadAllText(Path.Combine(Repository.Root, "docs", "forwarding.md"));

        var missing = SinkSettings
            .All.Select(RowOf)
            .Where(row => !guide.Contains(row, StringComparison.Ordinal))
            .ToArray();

        Assert.True(missing.Length == 0, "missing rows:\n" + string.Join('\n', missing));
    }

    [Theory]
    [InlineData("filters.verdicts", "human,humans", "'human'")]
    [InlineData("filters.types", "clicks", "'click'")]
    [InlineData("filters.types", "Click", "'click'")]
    [InlineData("filters.apis", "pictfy", "'pictify'")]
    [InlineData("fields.allow", "id,experimant", "'experiment'")]
    [InlineData("fields.deny", "ip", "'ip_hash'")]
    [InlineData("fields.rename", "citty=town", "'city'")]
    public void Build_WordOutsideItsClosedSet_IsRefusedWithTheNearestOne(string key, string value, string nearest)
    {
        Build(out var problems, ("file." + key, value));

        var problem = Assert.Single(problems);
        Assert.Contains("sinks.file." + key, problem, StringComparison.Ordinal);
        Assert.Contains($"did you mean {nearest}?", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Build_NothingSaid_HasTheFileSinkEnabled()
    {
        var sink = Assert.Single(new EdgeOptions().Sinks);

        Assert.Equal(("file", SinkType.File, true, 64L << 20), (sink.Name, sink.Type, sink.Enabled, sink.MaxFileBytes));
    }

    [Fact]
    public void Build_FileAndEnvironment_AreOneSinkAndTheLaterWins()
    {
        var sinks = Build(
            out var problems,
            ("archive.type", "file"),
            ("archive.batchMaxEvents", "10"),
            ("ARCHIVE.BATCHMAXEVENTS", "20"),
            ("file.enabled", "false")
        );

        Assert.Empty(problems);
        Assert.Equal(["archive", "file"], sinks.Select(sink => sink.Name));
        Assert.Equal((20, false), (sinks[0].BatchMaxEvents, sinks[1].Enabled));
    }

    [Fact]
    public void Build_Map_TakesEntriesOneByOneAndTogether()
    {
        var sinks = Build(
            out var problems,
            ("file.fields.rename.URL", "page_url"),
            ("file.fields.rename", "path=page_path,city=town"),
            ("file.filters.types", "click, view")
        );

        Assert.Empty(problems);
        Assert.Equal(
            [("city", "town"), ("path", "page_path"), ("url", "page_url")],
            sinks[0]
                .FieldsRename.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => (pair.Key, pair.Value))
        );
        Assert.Equal(["click", "view"], sinks[0].FilterTypes);
    }

    [Theory]
    [InlineData(
        "unknown key",
        "file.batchMaxEvent",
        "1",
        "unknown setting 'sinks.file.batchMaxEvent'; did you mean 'sinks.file.batchMaxEvents'?"
    )]
    [InlineData("name of another member", "file.fields.rename", "experiment=event", "sinks.file.fields.rename gives experiment")]
    [InlineData("name of the id", "file.fields.rename", "experiment=id", "sinks.file.fields.rename gives experiment")]
    [InlineData("out of range", "file.lingerMs", "-1", "sinks.file.lingerMs must be a whole number from 0 to 60000")]
    [InlineData("no type", "other.enabled", "true", "sinks.other.type is missing; it must be one of file")]
    [InlineData("unknown type", "other.type", "fil", "sinks.other.type must be one of file")]
    [InlineData("number as type", "other.type", "1", "sinks.other.type must be one of file")]
    [InlineData("two types", "other.type", "file,file", "sinks.other.type must be one of file")]
    [InlineData("not an object", "other", "x", "sinks.other.type is missing")]
    [InlineData("not an object, known name", "file", "x", "sinks.file must be an object")]
    [InlineData("name with a dot dot", "../x.type", "file", "is not a valid name")]
    [InlineData("name with a slash", "a/b.type", "file", "is not a valid name")]
    [InlineData("long name", "abcdefghijklmnopqrstuvwxyz0123456.type", "file", "is not a valid name")]
    [InlineData("reserved name", "tally.type", "file", "sinks.tally is reserved")]
    [InlineData(
        "control character",
        "file.directory",
        "a\0b",
        "sinks.file.directory must not contain control characters"
    )]
    [InlineData("denied id", "file.fields.deny", "id", "sinks.file.fields.deny cannot contain id")]
    [InlineData("renamed id", "file.fields.rename.id", "x", "sinks.file.fields.rename.id cannot rename id")]
    [InlineData(
        "rename to no name",
        "file.fields.rename.url",
        "a b",
        "sinks.file.fields.rename.url must contain member names"
    )]
    [InlineData("no url", "http.enabled", "true", "sinks.http.url is missing")]
    [InlineData("url of another scheme", "http.url", "file:///etc/passwd", "sinks.http.url must be an address")]
    [InlineData("password in the url", "http.url", "http://u:hunter2@x/", "sinks.http.url must not contain a user")]
    [InlineData(
        "query in the url",
        "clickhouse.url",
        "http://x/?password=y",
        "sinks.clickhouse.url must not contain a query"
    )]
    [InlineData(
        "key of another type",
        "http.table",
        "x",
        "sinks.http.table is a setting of sinks of type clickhouse, postgres"
    )]
    [InlineData(
        "header of the sink itself",
        "http.headers.edge-batch",
        "x",
        "sinks.http.headers.edge-batch is a header that the sink sets itself"
    )]
    [InlineData(
        "header with a line feed",
        "http.headers.x",
        "a\nb",
        "sinks.http.headers.x must have values of printable"
    )]
    [InlineData("table with a quote", "clickhouse.table", "a`b", "sinks.clickhouse.table must be a table")]
    [InlineData(
        "network that is none",
        "http.allowAddresses",
        "10.0.0.0/99",
        "sinks.http.allowAddresses '10.0.0.0/99' is not"
    )]
    [InlineData(
        "file of the key is missing",
        "http.secretFile",
        "/nonexistent/key",
        "sinks.http.secretFile cannot be read"
    )]
    [InlineData(
        "previous key alone",
        "http.secretPrevious",
        "hunter2",
        "sinks.http.secretPrevious is set without secret"
    )]
    [InlineData(
        "type of another build",
        "queue.type",
        "kafka",
        "test: sinks.queue.type is kafka, which this build does not have; use the image whose tag ends in -kafka"
    )]
    [InlineData("name of a type of another build", "kafka.brokers", "a:1", "sinks.kafka.type is kafka, which this build")]
    [InlineData("rename without pairs", "file.fields.rename", "url", "must be pairs such as name=value")]
    public void Build_Wrong_NamesTheFieldAndWhatIsKnown(string name, string key, string text, string expected)
    {
        Build(out var problems, (key, text));

        Assert.DoesNotContain(problems, problem => problem.Contains("hunter2", StringComparison.Ordinal));
        Assert.True(
            problems.Any(problem => problem.Contains(expected, StringComparison.Ordinal)),
            $"{name}: {string.Join("; ", problems)}"
        );
    }

    [Fact]
    public void Build_ManyProblems_AreAllListed()
    {
        Build(out var problems, ("a.type", "x"), ("b.type", "y"), ("file.foo", "1"), ("file.lingerMs", "x"));

        Assert.Equal(4, problems.Count);
    }

    private static IReadOnlyList<SinkOptions> Build(
        out List<string> problems,
        params (string Key, string Text)[] settings
    )
    {
        var configuration = new SinkConfiguration();
        foreach (var (key, text) in settings)
        {
            configuration.Add(key, text, "test");
        }

        problems = [];
        return configuration.Build(problems);
    }

    /// <summary>The default of the first type that has the setting, and of each type where it is another.</summary>
    private static string RowOf(SinkSetting setting)
    {
        var types = SinkTypes.All.Where(type => setting.Types.HasFlag(type)).ToArray();
        var defaults = types
            .Select(type => (Type: SinkTypes.Word(type), Text: setting.Read(new SinkOptions("x", type))))
            .ToArray();
        var usual = defaults[0].Text;
        var unusual = defaults.Where(item => item.Text != usual).Select(item => $"; `{item.Text}` for {item.Type}");
        var all = setting.Types == SinkSetting.Any ? "all" : SinkTypes.Words(setting.Types);
        return $"| `{setting.Key}` | {all} | {(usual.Length == 0 ? "(empty)" : $"`{usual}`")}{string.Concat(unusual)} | {setting.Meaning} |";
    }
}
