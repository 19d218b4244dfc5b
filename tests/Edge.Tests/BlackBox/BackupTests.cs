using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>The list of what to back up, in <c>docs/operating.md</c>, taken at its word.</summary>
public partial class BackupTests
{
    [Fact]
    public async Task DataDirectory_BackedUpByTheList_RestoresAWorkingService()
    {
        using var place = new TempDirectory();
        var (original, restored) = (place["original"], place["restored"]);
        Directory.CreateDirectory(original);
        var key = (
            await EdgeProcess.RunAsync(["keys", "create", "--kind", "pictify", "--data-dir", original])
        ).Output.Trim();
        Seen before;
        await using (var edge = await EdgeProcess.StartAsync(original))
        {
            for (var i = 0; i < 5; i++)
            {
                (await edge.Client.GetAsync($"/s/demo-ab/pixel.gif?u=visitor-{i}")).Dispose();
                (await edge.Client.GetAsync($"/s/demo-ab/click?u=visitor-{i}")).Dispose();
            }

            before = await LookAsync(edge, original, key, stored: 10);
            Assert.Equal(0, await edge.StopAsync());
        }

        var list = ReadList();
        string[] due = ["any time", "stopped"];
        var kept = list.Where(row => Array.Exists(due, when => row.When.StartsWith(when, StringComparison.Ordinal)))
            .Select(row => row.Path)
            .ToArray();
        foreach (var file in Directory.GetFiles(original, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(original, file);
            Assert.Contains(list, row => IsIn(name, row.Path));
            if (Array.Exists(kept, path => IsIn(name, path)))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(restored, name))!);
                File.Copy(file, Path.Combine(restored, name));
            }
        }

        Directory.Delete(original, recursive: true);
        var (checkCode, check, _) = await EdgeProcess.RunAsync(["check", "--data-dir", restored]);
        Assert.True(checkCode == 0, check);
        await using (var edge = await EdgeProcess.StartAsync(restored, []))
        {
            (await edge.Client.GetAsync("/s/demo-ab/pixel.gif?u=visitor-0")).Dispose();
            var after = await LookAsync(edge, restored, key, stored: 11);

            Assert.Equal(before.Experiments, after.Experiments);
            Assert.Equal(before.Clicks, after.Clicks);
            Assert.Equal(before.Epoch, after.Epoch);
            // The sink went on after what it had taken: it got the one event that is new, whose address has the hash
            // it had, unless the day and with it every hash has changed meanwhile.
            var line = Assert.Single(after.Events);
            Assert.DoesNotContain(line.Text("id"), before.Events.Select(e => e.Text("id")));
            var sameDay = before.Events.Where(e => e.Text("received_at")[..10] == line.Text("received_at")[..10]);
            Assert.All(sameDay, e => Assert.Equal(e.Text("ip_hash"), line.Text("ip_hash")));
            Assert.NotEqual("", line.Text("ip_hash"));
        }
    }

    /// <summary>The commands of the guide leave a directory that is its owner's alone, whatever it was before.</summary>
    [Fact]
    public async Task DataDirectory_RestoredByTheCommandsOfTheGuide_IsItsOwnersAlone()
    {
        using var place = new TempDirectory();
        var (original, restored) = (place["edge"], place["edge-2"]);
        await EdgeProcess.RunAsync(["keys", "create", "--kind", "pictify", "--data-dir", original]);
        File.SetUnixFileMode(original, File.GetUnixFileMode(original) | UnixFileMode.GroupRead | UnixFileMode.OtherExecute);
        var guide = await File.ReadAllLinesAsync(Path.Combine(Repository.Root, "docs", "operating.md"));
        var commands = guide
            .Where(static line => line.Contains("tar -", StringComparison.Ordinal))
            .Select(line => line.Replace("/var/lib/edge", original, StringComparison.Ordinal));

        using var shell = Process.Start(
            new ProcessStartInfo("sh", ["-ec", string.Join('\n', commands)]) { WorkingDirectory = place.Path }
        )!;
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(0, shell.ExitCode);
        Assert.True(File.Exists(Path.Combine(restored, "keys.json")));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(restored)
        );
    }

    private static async Task<Seen> LookAsync(EdgeProcess edge, string dataDir, string key, int stored)
    {
        var ledger = await Wait.ForAsync(
            async () => JsonDocument.Parse(await edge.Client.GetStringAsync("/ledger")).RootElement,
            ledger =>
                ledger.GetProperty("stored").GetInt64() == stored
                && ledger.GetProperty("sinks").EnumerateArray().All(sink => sink.GetProperty("pending").GetInt64() == 0)
        );
        Assert.All(
            ledger.GetProperty("sinks").EnumerateArray(),
            sink => Assert.Equal(stored, sink.GetProperty("forwarded").GetInt64())
        );
        edge.Client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        var list = JsonDocument.Parse(await edge.Client.GetStringAsync("/experiments/api")).RootElement;
        var experiments = list.GetProperty("experiments").EnumerateArray().ToArray();
        var ab = experiments.Single(experiment => experiment.Text("slug") == "demo-ab");
        var results = JsonDocument
            .Parse(await edge.Client.GetStringAsync($"/experiments/api/{ab.Text("uid")}/results"))
            .RootElement.GetProperty("results");
        var variants = results.GetProperty("variants").EnumerateArray();
        return new Seen(
            ledger.Text("epoch"),
            [.. experiments.Select(one => $"{one.Text("uid")} {one.Text("slug")} {one.Text("status")}")],
            [.. variants.Select(one => $"{one.Text("id")} {one.Text("clicks")}")],
            [.. Forwarded.Lines(dataDir).Select(line => JsonDocument.Parse(line).RootElement)]
        );
    }

    /// <summary>The rows of the table: a path, and when it is backed up.</summary>
    private static (string Path, string When)[] ReadList()
    {
        var guide = File.ReadAllText(Path.Combine(Repository.Root, "docs", "operating.md"));
        var section = guide[guide.IndexOf("## The data directory", StringComparison.Ordinal)..];
        var table = section[..section.IndexOf("\n### ", StringComparison.Ordinal)];
        return
        [
            .. Row()
                .Matches(table)
                .SelectMany(row =>
                    Name()
                        .Matches(row.Groups[1].Value)
                        .Select(name => (name.Groups[1].Value, row.Groups[2].Value))
                ),
        ];
    }

    private static bool IsIn(string file, string path) =>
        path.EndsWith('/') ? file.StartsWith(path, StringComparison.Ordinal) : file == path;

    [GeneratedRegex(@"(?m)^\| (`[^|]*`) \|[^|]*\| ([^|]*) \|$")]
    private static partial Regex Row();

    [GeneratedRegex("`([^`]*)`")]
    private static partial Regex Name();

    /// <summary>What somebody sees of a service.</summary>
    private sealed record Seen(string Epoch, string[] Experiments, string[] Clicks, JsonElement[] Events);
}
