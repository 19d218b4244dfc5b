using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Edge.Commands.Replay;
using Edge.Settings;
using Edge.Tests.Support;
using Xunit;
using static Edge.Tests.Statistics.VisitEvent;

namespace Edge.Tests.Commands;

public sealed class ReplayCommandTests : IDisposable
{
    private const string Tree = """
        {"uid":"exp_abc123","slug":"slug","type":"smart_link","name":"x","goalConfig":{"type":"click_through","destinationUrl":"https://example.com/"},
         "attributionWindowMinutes":20,
         "variants":[{"id":"a","isDefault":true,"weight":10000},
          {"id":"b","weight":0,"conditions":{"type":"group","operator":"AND","children":[{"type":"rule","property":"PROPERTY","ruleOperator":"equals","value":"mobile"}]}}]}
        """;

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("events.ndjson")]
    [InlineData("")]
    public void Replay_OfATreeThatSendsPhonesWhereTheyClick_SaysThatItWouldHaveBeenBetter(string path)
    {
        File.WriteAllBytes(_directory["events-2026051612-000001.ndjson"], Log(0, 1_000));
        File.WriteAllBytes(_directory["events-2026051612-000002.ndjson"], Log(1_000, 2_000));
        File.WriteAllBytes(_directory["events.ndjson"], Log(0, 2_000));

        var (code, output, error) = Run(Tree.Replace("PROPERTY", "device.type", StringComparison.Ordinal), path);

        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith("It would have been better, by ", output, StringComparison.Ordinal);
        Assert.Contains("slug: goal click_through within 20 minutes; trials: 2000, 2026-05-16T12:00:00.000Z to", output, StringComparison.Ordinal);
        Assert.Contains("It would choose: a 50 %, b 50 %.", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Replay_AsJson_HasTheSameFigures()
    {
        File.WriteAllBytes(_directory["events.ndjson"], Log(0, 2_000));

        var (code, output, _) = Run(Tree.Replace("PROPERTY", "device.type", StringComparison.Ordinal), "events.ndjson", asJson: true);

        Assert.Equal(0, code);
        var json = JsonDocument.Parse(output).RootElement;
        Assert.Equal(JsonValueKind.Null, json.GetProperty("problem").ValueKind);
        Assert.Equal(2_000, json.GetProperty("trials").GetInt32());
        // Phones click on b and others on a, with a chance of two thirds; else one third.
        Assert.Equal(2 / 3.0, json.GetProperty("candidate").GetProperty("mean").GetDouble(), 0.06);
        Assert.Equal(0.5, json.GetProperty("logged").GetProperty("mean").GetDouble(), 0.06);
        Assert.Equal(0.5, json.GetProperty("shares").GetProperty("b").GetDouble(), 1e-9);
    }

    [Fact]
    public void Replay_FromAndTo_BoundTheTrials()
    {
        File.WriteAllBytes(_directory["events.ndjson"], Log(0, 2_000));

        var (_, output, _) = Run(
            Tree.Replace("PROPERTY", "device.type", StringComparison.Ordinal),
            "events.ndjson",
            asJson: true,
            from: "2026-05-16T12:00:30Z",
            to: "2026-05-16T12:01:00Z"
        );

        Assert.Equal(500, JsonDocument.Parse(output).RootElement.GetProperty("trials").GetInt32());
    }

    [Theory]
    [InlineData("browser.language", "conditions on browser.language cannot be replayed")]
    [InlineData("utm_source", "cannot be replayed: events do not record it (parameters of the link")]
    public void Replay_OfConditionsThatNoEventAnswers_IsRefused(string property, string problem)
    {
        File.WriteAllBytes(_directory["events.ndjson"], Log(0, 200));

        var (code, output, error) = Run(Tree.Replace("PROPERTY", property, StringComparison.Ordinal), "events.ndjson");

        Assert.Equal((1, ""), (code, output));
        Assert.Contains(problem, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void Replay_OfChoicesWithoutChance_SaysWhyNothingIsKnown()
    {
        var events = Enumerable.Range(1, 200).Select(static i => Impression((ulong)i, 0) with { BasisPoints = 0 });
        File.WriteAllText(_directory["events.ndjson"], string.Concat(events.Select(static e => e.Text() + "\n")));

        var (code, output, _) = Run(Tree.Replace("PROPERTY", "device.type", StringComparison.Ordinal), "events.ndjson");

        Assert.Equal(1, code);
        Assert.StartsWith("No estimate: all 200 exposures were chosen by conditions", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Replay_OfWhatIsNoEvent_PassesItOverAndSaysSo()
    {
        var lines = Encoding.UTF8.GetBytes("\n{\nnot json\n[]\n{\"v\":1}\n" + new string('x', 100_000) + "\n");
        File.WriteAllBytes(_directory["events.ndjson"], [.. lines, .. Log(0, 300), .. lines, .. "{\"v\":1,\"id\""u8]);

        var (code, output, error) = Run(Tree.Replace("PROPERTY", "device.type", StringComparison.Ordinal), "events.ndjson", asJson: true);

        Assert.Equal((0, "edge replay: 8 records are no events, or have no time, and were passed over\n"), (code, error));
        Assert.Equal(300, JsonDocument.Parse(output).RootElement.GetProperty("trials").GetInt32());
    }

    [Fact]
    public void Replay_OfEventsAsAnotherProgramWritesThem_ReadsTheSame()
    {
        var lines = Encoding.UTF8.GetString(Log(0, 2_000)).TrimEnd().Split('\n');
        var others = lines.Select(
            static (line, i) =>
            {
                var members = JsonNode.Parse(line)!.AsObject().Reverse().Select(static member => $"\"{member.Key}\" : {member.Value!.ToJsonString()}");
                var text = $" {{ {string.Join(" , ", members)} }}\r";
                return i % 3 == 0 ? text.Replace("exp_abc123", "exp\\u005fabc123", StringComparison.Ordinal) : text;
            }
        );
        File.WriteAllText(_directory["stored.ndjson"], string.Join('\n', lines) + "\n");
        File.WriteAllText(_directory["written.ndjson"], string.Join('\n', others) + "\n");
        var tree = Tree.Replace("PROPERTY", "device.type", StringComparison.Ordinal);

        var stored = Run(tree, "stored.ndjson");

        Assert.Equal(0, stored.Code);
        Assert.Equal(stored, Run(tree, "written.ndjson"));
    }

    [Fact]
    public void Replay_OfFilesOfSeveralNodesOneAfterTheOther_IsRefused()
    {
        File.WriteAllBytes(_directory["events-2026051612-000001.ndjson"], Log(0, 2_000));
        File.WriteAllBytes(_directory["events-2026051612-000002.ndjson"], Log(0, 2_000));

        var (code, output, error) = Run(Tree.Replace("PROPERTY", "device.type", StringComparison.Ordinal), "");

        Assert.Equal((1, ""), (code, output));
        Assert.Contains("sort them by received_at", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none.ndjson", null, 1, "Could not find")]
    [InlineData("experiment", "yesterday", 2, "--from and --to must be RFC 3339")]
    public void Replay_WhatCannotBeRead_IsOneLine(string events, string? from, int code, string problem)
    {
        var run = Run(Tree.Replace("PROPERTY", "device.type", StringComparison.Ordinal), events, from: from);

        Assert.Equal((code, ""), (run.Code, run.Output));
        Assert.Contains(problem, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    /// <summary>Every second visitor has a phone, and half of each saw a or b; two thirds click where they like it, else one.</summary>
    private static byte[] Log(int from, int to)
    {
        var lines = new StringBuilder();
        for (var i = from; i < to; i++)
        {
            var (device, variant) = (i % 2 == 0 ? "mobile" : "desktop", i % 4 < 2 ? "a" : "b");
            var minutes = i / 1_000.0;
            var likesIt = (device == "mobile") == (variant == "b");
            lines.Append((Impression((ulong)i + 1, minutes, variant) with { Device = device }).Text()).Append('\n');
            if (i / 4 % 3 < (likesIt ? 2 : 1))
            {
                lines.Append((Click((ulong)i + 1, minutes, variant) with { Device = device }).Text()).Append('\n');
            }
        }

        return Encoding.UTF8.GetBytes(lines.ToString());
    }

    private (int Code, string Output, string Error) Run(
        string experiment,
        string events,
        bool asJson = false,
        string? from = null,
        string? to = null
    )
    {
        File.WriteAllText(_directory["experiment"], experiment);
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = new ReplayCommand(new EdgeOptions(), new TestClock(Noon.AddDays(1)), output, error).Run(
            _directory["experiment"],
            _directory[events],
            from,
            to,
            asJson
        );
        return (code, output.ToString(), error.ToString());
    }
}
