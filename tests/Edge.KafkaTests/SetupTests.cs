using System.Text.RegularExpressions;
using Edge.Tests.Support;
using Xunit;

namespace Edge.KafkaTests;

/// <summary>What operators are told about a Kafka sink, and what it takes of the machine.</summary>
public sealed class SetupTests : IDisposable
{
    private readonly KafkaSite _site = new();

    public void Dispose() => _site.Dispose();

    [Fact]
    public async Task Settings_ThatAreWrong_AreAllNamedWithoutTheSecrets()
    {
        var (code, output, _) = await _site.RunAsync(
            ["check"],
            ("EDGE__SINKS__KAFKA__BROKERS", "kafka-1.example"),
            ("EDGE__SINKS__KAFKA__TOPIC", "edge events"),
            ("EDGE__SINKS__KAFKA__KEY", "reader"),
            ("EDGE__SINKS__KAFKA__COMPRESSION", "brotli"),
            ("EDGE__SINKS__KAFKA__MAXMESSAGEBYTES", "1"),
            ("EDGE__SINKS__KAFKA__CAFILE", "/nonexistent/ca.pem"),
            ("EDGE__SINKS__KAFKA__CERTIFICATEFILE", "/nonexistent/client.pem"),
            ("EDGE__SINKS__KAFKA__PASSWORD", "hunter2"),
            ("EDGE__SINKS__OTHER__TYPE", "kafka"),
            ("EDGE__SINKS__OTHER__SASL", "plain"),
            ("EDGE__SINKS__OTHER__FIELDS__DENY", "unit_hash")
        );

        Assert.Equal(1, code);
        Assert.DoesNotContain("hunter2", output, StringComparison.Ordinal);
        string[] expected =
        [
            "sinks.kafka.brokers must be brokers as host:port",
            "sinks.kafka.topic must be a topic",
            "sinks.kafka.key must be one of unit, experiment, none",
            "sinks.kafka.compression must be one of none, gzip, snappy, lz4, zstd",
            "sinks.kafka.maxMessageBytes must be a whole number from 1000",
            "sinks.kafka.caFile names a file that is not there",
            "sinks.kafka.certificateFile and keyFile belong together",
            "sinks.kafka.caFile, certificateFile and keyFile are of no use without tls",
            "sinks.kafka.saslUser and password are of no use without sasl",
            "sinks.other.brokers is missing",
            "sinks.other.saslUser is missing",
            "sinks.other.password is missing",
            "sinks.other.key unit needs the member unit_hash",
        ];
        Assert.All(expected, words => Assert.Contains(words, output, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Topic_ThatIsNotThere_IsNamedWithACommandAndNeverMade()
    {
        (string, string) missing = ("EDGE__SINKS__KAFKA__TOPIC", "nowhere");

        var (code, _, error) = await _site.RunAsync(["sink", "init", "kafka"], missing);
        var (_, command, _) = await _site.RunAsync(["sink", "init", "kafka", "--print"], missing);
        var (again, _, _) = await _site.RunAsync(["sink", "init", "kafka"], missing);

        Assert.Equal((1, 1), (code, again));
        Assert.Contains("has no topic nowhere", error, StringComparison.Ordinal);
        Assert.StartsWith("kafka-topics.sh --bootstrap-server", command, StringComparison.Ordinal);
        Assert.Contains("--create --topic nowhere", command, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Topic_ThatIsThere_IsFoundByInitAndDoctor()
    {
        var (code, _, error) = await _site.RunAsync(["sink", "init", "kafka"]);
        var (_, doctor, _) = await _site.RunAsync(["doctor"]);

        Assert.Equal(0, code);
        Assert.Contains("has everything already", error, StringComparison.Ordinal);
        Assert.Contains("ok: sink kafka: can be reached", doctor, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_NobodyListens_SaysWhoCannotBeReached()
    {
        var address = $"127.0.0.1:{EdgeProcess.FreePort()}";

        var (code, output, _) = await _site.RunAsync(["doctor"], ("EDGE__SINKS__KAFKA__BROKERS", address));

        Assert.Equal(1, code);
        Assert.True(Regex.IsMatch(output, $"sink kafka: .*{address}.*Connection refused"), output);
    }

    /// <summary>The brokers of the tests know neither, so these never succeed; they must say so, and stay secret.</summary>
    [Theory]
    [InlineData("SSL_HANDSHAKE", "EDGE__SINKS__KAFKA__TLS", "true")]
    [InlineData("SASL", "EDGE__SINKS__KAFKA__SASL", "scramSha512")]
    public async Task Security_ThatTheBrokersDoNotHave_IsAFailureInWords(string words, string name, string value)
    {
        await using var edge = await _site.StartAsync(
            words == "SASL"
                ?
                [
                    (name, value),
                    ("EDGE__SINKS__KAFKA__SASLUSER", "edge"),
                    ("EDGE__SINKS__KAFKA__PASSWORD", "hunter2"),
                ]
                : [(name, value)]
        );
        await _site.SendAsync(edge, 5);

        await _site.UntilAsync(edge, "edge_sink_errors_total", static errors => errors >= 1);

        Assert.Equal(0, await edge.StopAsync());
        var log = await edge.Error;
        Assert.Matches($"Sink kafka failed [0-9]+ times since the last message: .*{words}", log);
        Assert.DoesNotContain("hunter2", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PasswordFile_ThatCannotBeRead_IsAFailureUntilItCan()
    {
        await using var edge = await _site.StartAsync(
            ("EDGE__SINKS__KAFKA__SASL", "plain"),
            ("EDGE__SINKS__KAFKA__SASLUSER", "edge"),
            ("EDGE__SINKS__KAFKA__PASSWORDFILE", Path.Combine(_site.DataDir, "password"))
        );
        await _site.SendAsync(edge, 5);
        await _site.UntilAsync(edge, "edge_sink_errors_total", static errors => errors >= 1);

        Assert.Contains("passwordFile cannot be read", edge.ErrorSoFar, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenFiles_OfTheClient_AreNoMoreThanIsReserved()
    {
        int without;
        await using (var edge = await _site.StartAsync(("EDGE__SINKS__KAFKA__ENABLED", "false")))
        {
            await _site.SendAsync(edge, 50);
            await edge.UntilForwardedAsync();
            without = OpenFiles(edge);
        }

        await using (var edge = await _site.StartAsync())
        {
            await _site.SendAsync(edge, 50);
            await _site.UntilForwardedAsync(edge);

            // Settings/Capacity.cs reserves 8 for a sink, and 64 for one of this type.
            // Connections of the test are among them, and come and go.
            var more = OpenFiles(edge) - without;
            TestContext.Current.TestOutputHelper?.WriteLine($"{more} open files, {Threads(edge)} threads of the library");
            Assert.True(more <= 8 + 64, $"{more}");
            Assert.InRange(Threads(edge), 2, 16);
        }
    }

    private static int OpenFiles(EdgeProcess edge) => Directory.GetFileSystemEntries($"/proc/{edge.Pid}/fd").Length;

    private static int Threads(EdgeProcess edge) =>
        Directory
            .GetDirectories($"/proc/{edge.Pid}/task")
            .Count(static task => File.ReadAllText(Path.Combine(task, "comm")).StartsWith("rdk:", StringComparison.Ordinal));
}
