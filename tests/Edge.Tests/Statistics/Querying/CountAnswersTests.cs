using Edge.Forwarding.ClickHouse;
using Edge.Forwarding.Http;
using Edge.Statistics.Querying;
using Edge.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Edge.Tests.Statistics.Querying;

/// <summary>What a server answers that is damaged, or none.</summary>
public sealed class CountAnswersTests
{
    private const string Facts = "3\t1778932800000\t1778932860000\t0\t0\t0\t0\t0\t0\t0\t0\t0\t0\n";
    private const string Event = "0\t\t61\t494148\t2\t1\t0\t0\t1778932860000\t019e0000-0000-7000-8000-000000000001\n";
    private const string Units = "61\t0\t494148\t2\n61\t1\t20589\t2\n";
    private const string Version = "1\t1778932800000\t1\t0\n";
    private const string Trial = "0\t\t61\t1\t5000\t0\t494148\t1\t1\t1\t1\t019e0000-0000-7000-8000-000000000001\n";

    [Fact]
    public async Task Answer_ToEachQuestion_IsCounted()
    {
        var (problem, impressions) = await CountAsync(static question => AnswerTo(question));

        Assert.Null(problem);
        Assert.Equal(2, impressions);
    }

    [Theory]
    [InlineData("first", "yesterday\n")]
    [InlineData("facts", "")]
    [InlineData("facts", "3\t1\n")]
    [InlineData("facts", "<html>It works!</html>\n")]
    [InlineData("facts", Facts + Facts)]
    [InlineData("events", "6\t\t61\t0\t1\t0\t0\t0\t1\tid\n")]
    [InlineData("events", "0\t\t61\t494148\t-1\t0\t0\t0\t1\tid\n")]
    [InlineData("events", "0\t\t6x\t494148\t1\t0\t0\t0\t1\tid\n")]
    [InlineData("events", "0\t\t61\t99999999999\t1\t0\t0\t0\t1\tid\n")]
    [InlineData("events", "0\t\t61\t494148\t1\t0\t0\t0\t1\tid")]
    [InlineData("events", "1\tFF\t61\t0\t1\t0\t0\t0\t1\tid\n")]
    [InlineData("units", "61\t2\t494148\t2\n")]
    [InlineData("units", "61\t1\t494148000\t2\n")]
    [InlineData("units", "61\t0\t494148\t-2\n")]
    [InlineData("versions", "99999999999\t1\t1\t0\n")]
    [InlineData("trials", "0\t\t61\t1\t5000\t0\t494148\t1\t2\t1\t1\tid\n")]
    [InlineData("trials", "0\t\t61\t1\t10001\t0\t494148\t1\t1\t1\t1\tid\n")]
    [InlineData("trials", "0\t\t61\t1\t5000\t7\t494148\t1\t1\t1\t1\tid\n")]
    [InlineData("trials", "0\t\t61\t1\t5000\t0\t494148\t1\t1\tnan\t1\tid\n")]
    [InlineData("trials", "0\t\t61\t1\t5000\t0\t494148\t1\t1\t1e999\t1\tid\n")]
    public async Task Answer_ThatNoQuestionHas_IsRefusedAsAWhole(string question, string answer)
    {
        var (problem, impressions) = await CountAsync(asked => KindOf(asked) == question ? answer : AnswerTo(asked));

        Assert.Contains("answers wrongly", problem, StringComparison.Ordinal);
        Assert.Null(impressions);
    }

    [Fact]
    public async Task Answer_WithoutEnd_IsRefused()
    {
        var events = string.Concat(Enumerable.Repeat(Event, 300_000));

        var (problem, impressions) = await CountAsync(asked => KindOf(asked) == "events" ? events : AnswerTo(asked));

        Assert.Contains("more than 16777216 bytes", problem, StringComparison.Ordinal);
        Assert.Null(impressions);
    }

    [Fact]
    public async Task Answer_WithMoreVariantsThanThereMayBe_IsRefused()
    {
        var events = string.Concat(
            Enumerable.Range(0, 101).Select(i => $"0\t\t{i + 0x100_000:X}\t494148\t1\t0\t0\t0\t1\tid{i}\n")
        );

        var (problem, impressions) = await CountAsync(asked => KindOf(asked) == "events" ? events : AnswerTo(asked));

        Assert.Contains("more than 100 variants", problem, StringComparison.Ordinal);
        Assert.Null(impressions);
    }

    private static string KindOf(string question) =>
        question.Contains("HAVING count()", StringComparison.Ordinal) ? "first"
        : question.Contains("merge_tag", StringComparison.Ordinal) ? "facts"
        : question.Contains("countIf(kind = 1), countIf", StringComparison.Ordinal) ? "events"
        : question.Contains("uniqCombined", StringComparison.Ordinal) ? "units"
        : question.StartsWith("SELECT version", StringComparison.Ordinal) ? "versions"
        : "trials";

    private static string AnswerTo(string question) =>
        KindOf(question) switch
        {
            "first" => "2026-05-16\n",
            "facts" => Facts,
            "events" => Event,
            "units" => Units,
            "versions" => Version,
            _ => Trial,
        };

    private static async Task<(string? Problem, long? Impressions)> CountAsync(Func<string, string> answer)
    {
        using var directory = new TempDirectory();
        await using var server = await HttpReceiver.StartAsync();
        server.Script = request => new ScriptedAnswer(200, Takes: true, answer(request.Text));
        using var tally = ClickHouseTally.Open(
            new ClickHouseTallyOptions
            {
                Directory = directory["counts"],
                Sink = new ClickHouseSinkOptions
                {
                    SinkName = "warehouse",
                    Url = server.Url,
                    Transport = new HttpTransportOptions { AllowsPrivate = true },
                },
                RefreshEvery = TimeSpan.FromSeconds(1),
                StaleAfter = TimeSpan.FromMinutes(10),
                LateUpTo = TimeSpan.FromHours(1),
                QuerySeconds = 60,
                QueryBytes = 1L << 30,
            },
            new Fold().Catalog,
            new TestClock(VisitEvent.Noon.AddHours(3)),
            NullLogger.Instance
        );

        await tally.RoundAsync(CancellationToken.None);

        var counted = tally.Find("exp_abc123");
        return (tally.AgeOf("exp_abc123").Problem, counted is null ? null : counted.Variants.Sum(one => one.Impressions));
    }
}
