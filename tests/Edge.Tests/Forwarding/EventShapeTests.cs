using System.Text;
using System.Text.Json;
using Edge.Forwarding;
using Edge.Settings.Sinks;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Forwarding;

/// <summary>The member scanner, and the filters and fields that are made of it.</summary>
public sealed class EventShapeTests : IDisposable
{
    private const string Event =
        """{"v":1,"id":"a","api":"artie","project":"p\"1","type":"track","properties":{"a":"}\\\"{","b":[1,{"c":"]"}]},"n":-1.5e3,"t":true,"layers":[],"verdict":"human"}""";

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Scan_EveryKindOfValue_FindsWhatAParserFinds()
    {
        var found = new List<(string, string)>();
        var members = new MemberScanner(Encoding.UTF8.GetBytes(Event));
        while (members.Next())
        {
            found.Add((Encoding.UTF8.GetString(members.Name), Encoding.UTF8.GetString(members.Value)));
        }

        Assert.Equal(
            JsonDocument
                .Parse(Event)
                .RootElement.EnumerateObject()
                .Select(member => (member.Name, member.Value.GetRawText())),
            found
        );
    }

    [Theory]
    [InlineData("empty", "")]
    [InlineData("no object", "[1]")]
    [InlineData("no members", "{}")]
    [InlineData("name only", "{\"a\"")]
    [InlineData("no value", "{\"a\":")]
    [InlineData("open text", "{\"a\":\"b")]
    [InlineData("open escape", "{\"a\":\"b\\")]
    [InlineData("open object", "{\"a\":{\"b\":1")]
    [InlineData("open array", "{\"a\":[[1]")]
    [InlineData("open number", "{\"a\":1")]
    public void Scan_CutShort_Ends(string name, string json)
    {
        var members = new MemberScanner(Encoding.UTF8.GetBytes(json));

        Assert.False(members.Next(), name);
    }

    [Theory]
    [InlineData("nothing set", "", "", true)]
    [InlineData("one of two", "filters.apis", "pictify,artie", true)]
    [InlineData("escaped value", "filters.projects", "p\"1", true)]
    [InlineData("another value", "filters.types", "click", false)]
    [InlineData("prefix of the value", "filters.projects", "p", false)]
    [InlineData("of people among others", "filters.synthetic", "include", true)]
    [InlineData("of people, for tests", "filters.synthetic", "only", false)]
    public void Filter_Passes_WhatIsAllowed(string name, string key, string text, bool passes)
    {
        var filter = EventFilter.Of(Options((key, text)));

        Assert.True((filter?.Passes(Encoding.UTF8.GetBytes(Event)) ?? true) == passes, name);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("exclude", false)]
    [InlineData("include", true)]
    [InlineData("only", true)]
    public void Filter_EventOfATest_PassesWhereItIsWanted(string text, bool passes)
    {
        var json = Event.Replace("\"type\":", "\"synthetic\":\"smoke\",\"type\":", StringComparison.Ordinal);
        var others = Options(("filters.synthetic", text), ("filters.types", "track"));

        Assert.Equal(passes, EventFilter.Of(others)!.Passes(Encoding.UTF8.GetBytes(json)));
        others = Options(("filters.synthetic", text), ("filters.types", "click"));
        Assert.False(EventFilter.Of(others)!.Passes(Encoding.UTF8.GetBytes(json)));
    }

    [Theory]
    [InlineData("allow", "v", "", "", """{"v":1,"id":"a"}""")]
    [InlineData(
        "deny",
        "",
        "properties,project,layers,api,verdict",
        "",
        """{"v":1,"id":"a","type":"track","n":-1.5e3,"t":true}"""
    )]
    [InlineData("allow and rename", "v,type", "", "v=number,api=x", """{"number":1,"id":"a","type":"track"}""")]
    public void Fields_Shape_IsWhatWasAskedFor(string name, string allow, string deny, string rename, string expected)
    {
        var options = Options(("fields.allow", allow), ("fields.deny", deny), ("fields.rename", rename));
        var batch = new Edge.Journal.Records.RecordBatch();

        EventFields.Of(options)!.Write(Encoding.UTF8.GetBytes(Event), batch);
        batch.Complete(default, 1, default);

        Assert.True(expected == Encoding.UTF8.GetString(batch.Payload(0).Span), name);
    }

    [Fact]
    public async Task Run_FilteredEvents_CountAsSkippedAndTheLedgerAddsUp()
    {
        var sink = new ScriptedSink(line => line.Contains("\"n\":8,", StringComparison.Ordinal));
        await using (
            var pumped = PumpedJournal.Open(
                _directory.Path,
                change: o =>
                    o with
                    {
                        Filter = EventFilter.Of(Options(("filters.types", "click"))),
                        BatchMaxRecords = 7,
                    },
                sink: sink
            )
        )
        {
            for (var n = 1; n <= 100; n++)
            {
                pumped.Journal.Append($$"""{"n":{{n}},"type":"{{(n % 4 == 0 ? "click" : "view")}}"}""");
            }

            await pumped.Journal.Journal.CommitAsync();
            pumped.Pump.Start();
            await pumped.StopAsync();

            var status = pumped.Status;
            Assert.Equal(
                (24L, 1L, 75L, 75L, 0L),
                (status.Forwarded, status.DeadLettered, status.Skipped, status.Filtered, status.Pending)
            );
            Assert.Equal(status.Stored, status.Forwarded + status.Pending + status.DeadLettered + status.Skipped);
            Assert.All(sink.Taken, line => Assert.Contains("\"click\"", line, StringComparison.Ordinal));
        }

        await using var restarted = PumpedJournal.Open(_directory.Path, sink: new ScriptedSink());
        Assert.Equal((75L, 75L, 0L), (restarted.Status.Skipped, restarted.Status.Filtered, restarted.Status.Pending));
    }

    private static SinkOptions Options(params (string Key, string Text)[] settings)
    {
        var configuration = new SinkConfiguration();
        foreach (var (key, text) in settings.Where(setting => setting.Text.Length > 0))
        {
            configuration.Add("file." + key, text, "test");
        }

        var problems = new List<string>();
        var sink = configuration.Build(problems).Single();
        Assert.Empty(problems);
        return sink;
    }
}
