using System.Text.Json;
using Edge.Tests.Support;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// Traffic into a service whose one sink is an HTTP receiver that refuses some events for good, fails, falls silent and
/// drops answers after it has taken the data, while the service is killed at random moments and at its kill points.
/// What is delivered is what the receiver took and what stands in the dead letters. An event in two batches, or a
/// repeated batch with other events, is a finding.
/// </summary>
internal sealed class HttpScenario(Site site, HttpReceiver receiver, string? killAt)
{
    public const string BeforeDeadLetter = "before-dead-letter";

    private const int TrafficMinMs = 100;
    private const int TrafficMaxMs = 400;
    private const int FaultPercent = 15;
    private const int PlantedMaxMs = 4_000;

    /// <summary>One event in so many is refused.</summary>
    private const int PoisonEvery = 61;

    private static readonly string[] KillPoints =
    [
        "before-sink",
        "after-sink",
        "before-cursor",
        "after-cursor",
        BeforeDeadLetter,
        BeforeDeadLetter,
        "after-dead-letter",
    ];

    /// <summary>A round with a data directory and a receiver of its own.</summary>
    /// <param name="binary">The build under test; only the fault build has kill points.</param>
    /// <param name="settings">Environment of the service.</param>
    /// <param name="killAt">
    /// The kill point at which every cycle ends, however long it takes to get there; null for one of them all, or a
    /// moment.
    /// </param>
    public static Rounds.Round On(
        string binary,
        (string Name, string Value)[]? settings = null,
        string? killAt = null
    ) =>
        async (random, cycles) =>
        {
            await using var receiver = await HttpReceiver.StartAsync();
            using var directory = new TempDirectory();
            var deadLetters = Path.Combine(directory.Path, "dead-letters", "receiver");
            var site = new Site(directory.Path, binary, random, [.. SinkSettings(receiver.Url), .. settings ?? []])
            {
                Delivered = () => Task.FromResult(Delivered(receiver, deadLetters)),
                HasDelivered = referrer =>
                    Task.FromResult(
                        receiver
                            .Lines.Concat(ReadDeadLetters(deadLetters))
                            .Any(line => line.Contains(referrer, StringComparison.Ordinal))
                    ),
            };
            var scenario = new HttpScenario(site, receiver, killAt);
            var faults = new Random(random.Next());
            receiver.Script = request =>
                request.Lines.Any(IsPoison) ? new ScriptedAnswer(422, Takes: false, "poison") : scenario.Fault(faults);
            for (var i = 0; i < cycles && site.IsClean; i++)
            {
                await scenario.RunAsync();
            }

            receiver.Script = request =>
                request.Lines.Any(IsPoison) ? new ScriptedAnswer(422, Takes: false, "poison") : ScriptedAnswer.Ok;
            var check = await site.CheckAsync();
            site.Add(scenario.BrokenBatches());
            return (site, check);
        };

    private async Task RunAsync()
    {
        site.Cycles++;
        await using var edge = site.Launch(KillPoint());
        // It may die before it is ready, which is as good a moment as any.
        if (!await edge.IsReadyWithinAsync(killAt is null ? TimeSpan.FromMilliseconds(PlantedMaxMs) : Wait.Limit))
        {
            return;
        }

        var crowd = site.SendCrowd(edge);
        await edge.ExitCodeWithinAsync(
            killAt is null ? TimeSpan.FromMilliseconds(site.Random.Next(TrafficMinMs, TrafficMaxMs)) : Wait.Limit
        );
        await edge.KillAsync();
        await site.EndAsync(crowd);
    }

    private (string, string)[] KillPoint()
    {
        if (killAt is not null)
        {
            return [("EDGE_KILL_AT", $"{killAt}:1")];
        }

        var point = KillPoints[site.Random.Next(KillPoints.Length)];
        return site.Random.Next(2) == 0
            ? [("EDGE_KILL_AT", $"{point}:{(point.EndsWith("letter", StringComparison.Ordinal) ? 1 : site.Random.Next(1, 5))}")]
            : [];
    }

    private ScriptedAnswer Fault(Random random)
    {
        if (random.Next(100) >= FaultPercent)
        {
            return ScriptedAnswer.Ok;
        }

        return random.Next(5) switch
        {
            0 => new ScriptedAnswer(500, Takes: false),
            1 => new ScriptedAnswer(429, Takes: false) { Headers = [("Retry-After", "0")] },
            2 => new ScriptedAnswer(-1, Takes: false),
            3 => new ScriptedAnswer(500, Takes: true),
            _ => new ScriptedAnswer(-1, Takes: true),
        };
    }

    private IEnumerable<string> BrokenBatches()
    {
        var batchOf = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var batch in receiver.Taken.GroupBy(request => request.Batch))
        {
            var texts = batch.Select(request => request.Text).Distinct().Count();
            if (texts > 1)
            {
                yield return $"batch {batch.Key} came with {texts} different bodies";
            }

            foreach (var line in batch.First().Lines)
            {
                if (!batchOf.TryAdd(IdOf(line), batch.Key))
                {
                    yield return $"event {IdOf(line)} came in batch {batchOf[IdOf(line)]} and again in batch {batch.Key}";
                    yield break;
                }
            }
        }
    }

    /// <summary>Each dead letter stands where it was taken out, before the next event that was made after it.</summary>
    private static string[] Delivered(HttpReceiver receiver, string deadLetters)
    {
        var letters = new Queue<string>(ReadDeadLetters(deadLetters).OrderBy(IdOf, StringComparer.Ordinal));
        var lines = new List<string>();
        foreach (var line in receiver.Lines)
        {
            while (letters.TryPeek(out var letter) && string.CompareOrdinal(IdOf(letter), IdOf(line)) < 0)
            {
                lines.Add(letters.Dequeue());
            }

            lines.Add(line);
        }
        return [.. lines, .. letters];
    }

    private static IEnumerable<string> ReadDeadLetters(string directory) =>
        !Directory.Exists(directory)
            ? []
            : Directory
                .GetFiles(directory, "*.ndjson")
                .SelectMany(Forwarded.ReadCompleteLines)
                .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("event").GetRawText());

    /// <summary>
    /// Read without parsing: a receiver that takes long for thousands of lines would be what is measured.
    /// </summary>
    private static string IdOf(string line)
    {
        const string Before = "\"id\":\"";
        var start = line.IndexOf(Before, StringComparison.Ordinal) + Before.Length;
        return line[start..line.IndexOf('"', start)];
    }

    /// <summary>By the id, so that it is the same event at every try.</summary>
    private static bool IsPoison(string line)
    {
        var hash = 0;
        foreach (var c in IdOf(line))
        {
            hash = unchecked((hash * 31) + c) & int.MaxValue;
        }

        return hash % PoisonEvery == 0;
    }

    private static (string Name, string Value)[] SinkSettings(Uri url) =>
        [
            ("EDGE__SINKS__FILE__ENABLED", "false"),
            ("EDGE__SINKS__RECEIVER__TYPE", "http"),
            ("EDGE__SINKS__RECEIVER__URL", url.ToString()),
            ("EDGE__SINKS__RECEIVER__ALLOWPRIVATE", "true"),
            ("EDGE__SINKS__RECEIVER__LINGERMS", "20"),
            ("EDGE__SINKS__RECEIVER__RETRYCEILINGMS", "100"),
        ];
}
