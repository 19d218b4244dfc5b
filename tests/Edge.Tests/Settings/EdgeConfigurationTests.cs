using Edge.Settings;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Settings;

public class EdgeConfigurationTests
{
    [Fact]
    public void Configuration_Sources_WinInOrder()
    {
        using var directory = new TempDirectory();
        File.WriteAllText(
            directory["edge.json"],
            """{ "node": "file", "dataDir": "file", "urls": "http://127.0.0.1:1" }"""
        );

        var (options, problems) = Load(
            directory["edge.json"],
            [("EDGE__NODE", "env"), ("EDGE__DATADIR", "env")],
            [("node", "flag")]
        );

        Assert.Empty(problems);
        Assert.Equal(("flag", "env", "http://127.0.0.1:1"), (options.Node, options.DataDir, options.Urls));
    }

    [Fact]
    public void Configuration_NestedFile_IsRead()
    {
        using var directory = new TempDirectory();
        File.WriteAllText(
            directory["edge.json"],
            """
            { // comments are allowed
              "journal": { "commitIntervalMs": 7, "maxBytes": 500000000 },
              "clientAddress": { "trustedProxies": ["10.0.0.0/8", "::1"] },
              "ack": { "pixel": "disk" },
            }
            """
        );

        var (options, problems) = Load(directory["edge.json"], [], []);

        Assert.Empty(problems);
        Assert.Equal(
            (7, 500_000_000, AckMode.Disk),
            (options.JournalCommitIntervalMs, options.JournalMaxBytes, options.AckPixel)
        );
        Assert.Equal(["10.0.0.0/8", "::1"], options.TrustedProxies);
    }

    [Fact]
    public void Configuration_FileWithAMarkAndUnits_IsRead()
    {
        using var directory = new TempDirectory();
        File.WriteAllText(
            directory["edge.json"],
            "\uFEFF" + """{ "journal": { "maxBytes": "8GB", "commitWaitMs": "5s", "retainHours": "7d" } }"""
        );

        var (options, problems) = Load(directory["edge.json"], [("EDGE__JOURNAL__MEMORYBYTES", "64MiB")], []);

        Assert.Empty(problems);
        Assert.Equal(
            (8_000_000_000, 5_000, 168, 64 << 20),
            (
                options.JournalMaxBytes,
                options.JournalCommitWaitMs,
                options.JournalRetainHours,
                options.JournalMemoryBytes
            )
        );
    }

    [Theory]
    [InlineData("""{ "jurnal": { "maxBytes": 1 } }""", "journal.maxBytes")]
    [InlineData("""{ "Node": "x", "nodes": "y" }""", "'node'")]
    [InlineData("""{ "journal": { "maxBytes": 1 } }""", "journal.maxBytes must be")]
    [InlineData("""{ "journal": { "commitIntervalMs": 1.5 } }""", "whole number")]
    [InlineData("""{ "ack": { "pixel": 1 } }""", "memory, disk")]
    [InlineData("""{ "ack": { "pixel": "" } }""", "memory, disk")]
    [InlineData("""{ "sinks": { "file": { "enabled": "yes" } } }""", "true or false")]
    [InlineData("""{ "urls": "" }""", "urls must name")]
    [InlineData("""{ "urls": "127.0.0.1:80" }""", "not an address")]
    [InlineData("""{ "node": "x", }}""", "not valid JSON at line 1")]
    [InlineData("""[]""", "one JSON object")]
    [InlineData("""{ "dataDir": "" }""", "dataDir must name a directory")]
    [InlineData("""{ "dataDir": "a\u0000b" }""", "dataDir must not contain control characters")]
    [InlineData("""{ "node": "a\ud800" }""", "half of a surrogate pair")]
    [InlineData("""{ "\ud800": "x" }""", "half of a surrogate pair")]
    [InlineData(
        """{ "privacy": { "addressSalt": "1f0c8a93b2\u0007-d4e5f6a7b8" } }""",
        "privacy.addressSalt must not contain control characters"
    )]
    [InlineData("""{ "privacy": { "addressSalt": "changeme" } }""", "privacy.addressSalt must have at least 16 characters")]
    [InlineData("""{ "privacy": { "addressSalt": "changeme-changeme" } }""", "privacy.addressSalt must not be made of words")]
    [InlineData("""{ "privacy": { "addressSalt": "MyPasswordSalt-12345678" } }""", "privacy.addressSalt must not be made of words")]
    [InlineData(
        """{ "privacy": { "addressSalt": "ababababababababab" } }""",
        "privacy.addressSalt must have at least 6 different characters"
    )]
    [InlineData("""{ "privacy": { "addressSalt": "                    " } }""", "privacy.addressSalt must have at least 16")]
    [InlineData("""{ "sinks": { "file": { "fields": { "allow": [""] } } } }""", "sinks.file.fields.allow has an empty item")]
    [InlineData("""{ "sinks": { "file": { "filters": null } } }""", "sinks.file.filters is null")]
    [InlineData("""{ "node": "a", "Node": "b" }""", "Node is given twice")]
    [InlineData("""{ "urls": "http://127.0.0.1:80,http://127.0.0.1" }""", "name one port twice")]
    [InlineData("""{ "urls": "http://*:8080", "adminUrls": "http://+:8080" }""", "name one port twice")]
    [InlineData("""{ "urls": "http://unix:/run/a", "adminUrls": "http://unix:/run/a" }""", "name one port twice")]
    [InlineData("""{ "urls": "http://*:8090", "adminUrls": "http://127.0.0.1:8090" }""", "name one port twice")]
    [InlineData("""{ "urls": "http://[::]:8090", "adminUrls": "http://10.0.0.1:8090" }""", "name one port twice")]
    [InlineData("""{ "urls": "http://[fe80::1]:8090", "adminUrls": "http://+:8090" }""", "name one port twice")]
    [InlineData("""{ "urls": "http://0.0.0.0:8090", "adminUrls": "http://127.0.0.1:8090" }""", "name one port twice")]
    [InlineData("""{ "urls": "http://0.0.0.0:8090", "adminUrls": "http://localhost:8090" }""", "name one port twice")]
    [InlineData("""{ "urls": "http://localhost:8090", "adminUrls": "http://[::1]:8090" }""", "name one port twice")]
    [InlineData("""{ "ack": { "pixel": "disk" }, "ack.pixel": "disk" }""", "ack.pixel is given twice")]
    [InlineData("""{ "sinks": { "a": { "type": "file" }, "A": { "type": "http" } } }""", "sinks.A is given twice")]
    [InlineData("""{ "journal": { "commitIntervalMs": "+7" } }""", "journal.commitIntervalMs must be a whole number")]
    [InlineData("""{ "journal": { "commitIntervalMs": " 7" } }""", "journal.commitIntervalMs must be a whole number")]
    [InlineData("""{ "ack": { "pixel": "memory,disk" } }""", "ack.pixel must be one of")]
    [InlineData("""{ "journal": { "pageBytes": "1MB" } }""", "power of two, such as 64MiB")]
    [InlineData("{\n \"ü\": 1 \"node\": 2}", "line 2, column 9: a comma or a colon is missing before this")]
    [InlineData("{ \"node\": 'x' }", "line 1, column 11: texts and names are written in double quotation marks")]
    [InlineData("{ \"node\": \"x\"", "it ends too early, something that was opened is not closed")]
    [InlineData("{ \"node\": }", "line 1, column 11: '}' closes nothing that can be closed here")]
    [InlineData("""{ "journal": { "pageBytes": 1048576, "memoryBytes": 1048576 } }""", "two pages")]
    [InlineData("""{ "journal": { "maxBytes": "64MB" } }""", "journal.maxBytes must hold at least two segments, 134217728 bytes")]
    [InlineData(
        """{ "journal": { "pageBytes": 1048576, "segmentBytes": 1048576 } }""",
        "segmentBytes must hold at least two pages"
    )]
    public void Configuration_Wrong_NamesTheProblem(string json, string expected)
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory["edge.json"], json);

        var (_, problems) = Load(directory["edge.json"], [], []);

        Assert.Contains(problems, problem => problem.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void Configuration_ManyProblems_AreAllListed()
    {
        var (_, problems) = Load("/nonexistent/edge.json", [("EDGE__FOO", "1"), ("EDGE__JOURNAL__MAXBYTES", "x")], []);

        Assert.Equal(3, problems.Count);
    }

    /// <summary>A rule of several settings says nothing while one of them is refused: it may hold once that is mended.</summary>
    [Theory]
    [InlineData("""{ "urls": "https://example:443", "tls": { "certificateFile": "c", "keyFile": "k" } }""", "has the host")]
    [InlineData("""{ "urls": "https://*:443", "tls": { "certificateFile": "c", "keyfiel": "k" } }""", "did you mean 'tls.keyFile'")]
    [InlineData("""{ "urls": "https://*:443", "tls": { "certificateFile": "c", "keyFile": null } }""", "tls.keyFile is null")]
    [InlineData("""{ "journal": { "memoryBytes": 200000 } }""", "must be a power of two")]
    [InlineData("""{ "journal": { "maxBytes": "64MB", "segmentBytes": "1GBit" } }""", "journal.segmentBytes must be a whole number")]
    [InlineData(
        """{ "geo": { "countryHeader": "CF-IPCountry" }, "clientAddress": { "trustedProxies": ["127.1"] } }""",
        "'127.1' is not an address"
    )]
    [InlineData(
        """{ "geo": { "countryHeader": "CF-IPCountry" }, "clientAddress": { "trustedProxies": ["10.0.0.0/8", ""] } }""",
        "has an empty item"
    )]
    [InlineData("""{ "api": { "listener": "admin" }, "adminUrl": "http://*:81" }""", "did you mean 'adminUrls'")]
    [InlineData("""{ "api": { "listener": "admin" }, "adminUrls": "a\u0007" }""", "adminUrls must not contain control")]
    [InlineData("""{ "sinks": { "hook": { "type": "http", "url": "nowhere" } } }""", "sinks.hook.url")]
    [InlineData("""{ "sinks": { "hook": { "type": "http", "uri": "https://a.example/" } } }""", "did you mean 'sinks.hook.url'")]
    [InlineData(
        """{ "sinks": { "hook": { "type": "http", "url": "https://a.example/", "secretFile": "/none", "secretPrevious": "x" } } }""",
        "secretFile cannot be read"
    )]
    [InlineData("""{ "sinks": { "base": { "type": "postgres", "connection": "Hst=a" } } }""", "did you mean Host?")]
    [InlineData("""{ "store": { "connection": "Host=a" } }""", "store.connection is set, but store.kind is files")]
    [InlineData("""{ "store": { "kind": "postgres" } }""", "so store.connection must say where")]
    [InlineData("""{ "store": { "kind": "postgres", "connection": "Hst=a" } }""", "did you mean Host?")]
    public void Configuration_OneMistake_IsOneProblem(string json, string expected)
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory["edge.json"], json);

        var (_, problems) = Load(directory["edge.json"], [], []);

        Assert.Contains(expected, Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Configuration_FileThatCannotBeRead_IsTheOnlyProblemOfWhatItMayHold()
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory["edge.json"], """{ "adminUrls": "http://*:81", "sinks": { "hook": { "type": "http", } """);

        var (_, problems) = Load(
            directory["edge.json"],
            [("EDGE__API__LISTENER", "admin"), ("EDGE__SINKS__HOOK__URL", "https://a.example/")],
            [("urls", "https://*:443")]
        );

        Assert.Contains("edge.json: ", Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Configuration_ListWithBlanksAroundItsItems_HasTheItems()
    {
        var (options, problems) = Load(null, [("EDGE__CLIENTADDRESS__TRUSTEDPROXIES", " 10.0.0.0/8 , ::1 ")], []);

        Assert.Empty(problems);
        Assert.Equal(["10.0.0.0/8", "::1"], options.TrustedProxies);
    }

    [Theory]
    [InlineData("https://*:443", "", "", "needs a certificate")]
    [InlineData("https://*:443", "c.pem", "", "set both")]
    [InlineData("https://*:443", "", "k.pem", "set both")]
    [InlineData("http://*:80", "c.pem", "k.pem", "https://")]
    [InlineData("http://*:80,https://*:443", "c.pem", "k.pem", null)]
    public void Tls_AddressesAndFiles_GoTogether(string urls, string certificate, string key, string? expected)
    {
        var (_, problems) = Load(
            null,
            [],
            [("urls", urls), ("tls.certificateFile", certificate), ("tls.keyFile", key)]
        );

        if (expected is null)
        {
            Assert.Empty(problems);
        }
        else
        {
            Assert.Contains(expected, Assert.Single(problems), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("http://127.0.0.1:8090", "http://127.0.0.2:8090")]
    [InlineData("http://0.0.0.0:8090", "http://[::1]:8090")]
    [InlineData("http://*:8090", "http://127.0.0.1:8091")]
    [InlineData("http://*:0", "http://127.0.0.1:0")]
    public void Urls_ThatHaveNoAddressInCommon_AreTaken(string urls, string adminUrls) =>
        Assert.Empty(Load(null, [], [("urls", urls), ("adminUrls", adminUrls)]).Problems);

    private static (EdgeOptions Options, IReadOnlyList<string> Problems) Load(
        string? file,
        (string Key, string Value)[] environment,
        (string Key, string Value)[] flags
    )
    {
        var configuration = new EdgeConfiguration();
        var options = configuration.Load(
            file,
            environment.Select(e => KeyValuePair.Create(e.Key, e.Value)),
            flags.Select(e => KeyValuePair.Create(e.Key, e.Value))
        );
        return (options, configuration.Problems);
    }
}
