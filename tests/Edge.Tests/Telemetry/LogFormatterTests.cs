using Edge.Telemetry;
using Edge.Tests.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Edge.Tests.Telemetry;

public class LogFormatterTests
{
    private readonly TestClock _clock = new(DateTimeOffset.Parse("2026-03-01T08:00:00.5Z"));

    [Fact]
    public void Json_Message_IsOneObjectThatSaysEverythingOnce() =>
        Assert.Equal(
            """{"timestamp":"2026-03-01T08:00:00.500Z","level":"info","eventId":102,"message":"Stopped: 7 events stored, 0 not yet forwarded","stored":7,"pending":0}"""
                + "\n",
            Format(isJson: true, logger => logger.Stopped(7, 0))
        );

    [Fact]
    public void Text_Message_IsALineForPeople() =>
        Assert.Equal(
            "2026-03-01T08:00:00.500Z warning  200 Experiment file a.json was refused: slug: must be text\n",
            Format(isJson: false, logger => logger.ExperimentRefused("a.json", "slug", "must be text"))
        );

    [Fact]
    public void Text_OfAFileAsAWhole_HasNoEmptyPlaceForTheField() =>
        Assert.EndsWith(
            " Experiment file a.json was refused: is empty\n",
            Format(isJson: false, logger => logger.ExperimentRefused("a.json", "", "is empty")),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(true, """file":"a\u001B[2J\nb.json""")]
    [InlineData(false, """file a\u001b[2J\u000ab.json""")]
    public void Message_WithControlCharacters_StaysALineThatNoTerminalObeys(bool isJson, string expected)
    {
        var line = Format(isJson, logger => logger.ExperimentRefused("a\u001b[2J\nb.json", "slug", "must be text"));

        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.Equal('\n', Assert.Single(line, char.IsControl));
    }

    [Fact]
    public void Exception_OfTheService_IsAMemberInJsonAndIndentedInText()
    {
        var exception = new InvalidOperationException("first\nsecond");

        var json = Format(isJson: true, logger => logger.RequestFailed(exception, 1));
        var text = Format(isJson: false, logger => logger.RequestFailed(exception, 1));

        Assert.EndsWith(
            "\"count\":1,\"exception\":\"System.InvalidOperationException: first\\nsecond\"}\n",
            json,
            StringComparison.Ordinal
        );
        Assert.EndsWith(
            "\n  System.InvalidOperationException: first\n  second\n",
            text,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(LogLevel.Trace, "trace")]
    [InlineData(LogLevel.Debug, "debug")]
    [InlineData(LogLevel.Error, "error")]
    [InlineData(LogLevel.Critical, "critical")]
    public void Level_InJson_IsTheUsualWord(LogLevel level, string expected) =>
        Assert.Contains(
            $"\"level\":\"{expected}\",\"eventId\":9,\"category\":\"Other\",\"message\":\"text\"}}",
            Format(isJson: true, logger => logger.Log(level, 9, "text", null, static (text, _) => text), "Other"),
            StringComparison.Ordinal
        );

    private string Format(bool isJson, Action<ILogger> log, string category = "Edge")
    {
        using var line = new StringWriter();
        log(new Lines(new LogFormatter(_clock, isJson), category, line));
        return line.ToString();
    }

    /// <summary>A logger that hands everything to the formatter, as the console does.</summary>
    private sealed class Lines(LogFormatter formatter, string category, TextWriter target) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> text
        ) =>
            formatter.Write(
                new LogEntry<TState>(logLevel, category, eventId, state, exception, text),
                null,
                target
            );
    }
}
