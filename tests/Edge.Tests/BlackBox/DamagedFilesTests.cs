using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Damaged files under a running service, and at its start.</summary>
public class DamagedFilesTests
{
    private const int Rounds = 60;

    [Theory]
    [InlineData("""{"keys":[{"id":"key_1","kind":"pictify","hash":null,"hint":"abcd"}]}""")]
    [InlineData("""{"keys":[{"id":null,"kind":"pictify","hash":"{hash}","hint":"abcd"}]}""")]
    [InlineData("""{"keys":[{"id":"key_1","kind":"pictify","hash":"{hash}","hint":"abcd","scopes":[null]}]}""")]
    [InlineData("""{"keys":[{"id":"key_1","kind":"pictify","hash":"{hash}","hint":"abcd","origins":null}]}""")]
    [InlineData("""{"keys":[{"id":"key_1","kind":"pictify","hash":"00","hint":"abcd"}]}""")]
    [InlineData("""{"keys":[null]}""")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("{directory}")]
    [InlineData("{gone}")]
    public async Task Keys_DamagedWhileServing_StayInForceAndAreReported(string content)
    {
        using var data = new TempDirectory();
        var key = await CreateKeyAsync(data.Path);
        await using var edge = await EdgeProcess.StartAsync(data.Path);
        var path = data["keys.json"];
        File.Delete(path);
        if (content == "{directory}")
        {
            Directory.CreateDirectory(path);
        }
        else if (content != "{gone}")
        {
            await File.WriteAllTextAsync(path, content.Replace("{hash}", new string('0', 64), StringComparison.Ordinal));
        }

        await Wait.ForAsync(
            () => Task.FromResult(edge.ErrorSoFar),
            log => log.Contains("\"eventId\":201", StringComparison.Ordinal)
        );
        Assert.Equal(HttpStatusCode.OK, await ListAsync(edge, key));

        Assert.Equal(0, await edge.StopAsync());
        if (content != "{gone}")
        {
            await AssertRefusedAsync(data.Path, "keys.json");
        }
    }

    [Fact]
    public async Task Files_DamagedAtRandomWhileServing_EndNothing()
    {
        using var data = new TempDirectory();
        var key = await CreateKeyAsync(data.Path);
        var geo = data["places.mmdb"];
        await File.WriteAllBytesAsync(geo, new GeoFileWriter { IsV6 = true }
                .Add("192.0.2.0/24", GeoFileWriter.Country("DE"))
                .Build()
        );
        await using var edge = await EdgeProcess.StartAsync(data.Path, environment: [("EDGE__GEO__DATABASE", geo)]);
        var victims = Directory.GetFiles(data["experiments"]).Append(data["keys.json"]).Append(geo).ToArray();
        var originals = victims.ToDictionary(path => path, File.ReadAllBytes);

        for (var round = 0; round < Rounds; round++)
        {
            foreach (var (path, bytes) in originals)
            {
                await File.WriteAllBytesAsync(path, Mutation.Of(bytes, round * 7 + bytes.Length));
            }

            // Longer than the interval at which experiments and keys are looked at.
            await Task.Delay(100);
            Assert.Equal(HttpStatusCode.OK, (await edge.Client.GetAsync("/s/demo-ab/pixel.gif")).StatusCode);
        }

        foreach (var (path, bytes) in originals)
        {
            await File.WriteAllBytesAsync(path, bytes);
        }

        await Wait.ForAsync(
            () => edge.Client.GetStringAsync("/metrics"),
            page => page.Contains("edge_experiment_problems 0\n", StringComparison.Ordinal)
        );
        await Wait.ForAsync(() => ListAsync(edge, key), status => status == HttpStatusCode.OK);
        Assert.Equal(0, await edge.StopAsync());
        Assert.DoesNotContain("\"eventId\":103", await edge.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("\"eventId\":104", await edge.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_DamagedBeforeTheStart_AreServedOrRefusedInOneLineAsCheckSays()
    {
        using var site = new TempDirectory();
        var whole = site["whole"];
        (string, string)[] environment = [("EDGE__PRIVACY__ADDRESSHASH", "ratchet"), ("EDGE__JOURNAL__SEGMENTBYTES", "2MiB")];
        await CreateKeyAsync(whole);
        await using (var edge = await EdgeProcess.StartAsync(whole, environment: environment))
        {
            for (var i = 0; i < 20; i++)
            {
                await edge.Client.GetAsync($"/s/demo-ab/click?u={i}");
            }

            Assert.Equal(0, await edge.StopAsync());
        }

        var files = Directory
            .GetFiles(whole, "*", SearchOption.AllDirectories)
            .Where(path => !path.EndsWith("lock", StringComparison.Ordinal))
            .Select(path => Path.GetRelativePath(whole, path))
            .Order(StringComparer.Ordinal)
            .ToArray();
        Assert.Contains("tally.json", files);
        Assert.Contains(Path.Combine("cursors", "file"), files);
        Assert.Contains(Path.Combine("keys", "address-ratchet"), files);

        var failures = new StringBuilder();
        for (var round = 0; round < Rounds; round++)
        {
            var file = files[round % files.Length];
            var damaged = site["damaged"];
            Copy(whole, damaged);
            var bytes = await File.ReadAllBytesAsync(Path.Combine(damaged, file));
            await File.WriteAllBytesAsync(Path.Combine(damaged, file), Mutation.Of(bytes, round));
            var check = await EdgeProcess.RunAsync(["check", "--data-dir", damaged], environment);
            await using (var edge = EdgeProcess.Launch(damaged, [], environment))
            {
                var isReady = await edge.IsReadyWithinAsync(Wait.Limit);
                var exitCode = isReady ? await edge.StopAsync() : await edge.ExitCodeWithinAsync(Wait.Limit);
                var lines = (await edge.Error).Split('\n', StringSplitOptions.RemoveEmptyEntries);
                var said = lines.Where(line => !line.StartsWith('{')).ToArray();
                var isSound = isReady
                    ? exitCode == 0 && said.Length == 0 && check.ExitCode is 0 or 1
                    : exitCode == 1 && said.Length == 1 && check.ExitCode == 1;
                if (!isSound)
                {
                    failures.AppendLine(
                        $"round {round}, {file}: ready {isReady}, exit {exitCode}, check {check.ExitCode}: {string.Join(" | ", said)}"
                    );
                }
            }

            Directory.Delete(damaged, recursive: true);
        }

        Assert.Equal("", failures.ToString());
    }

    [Theory]
    [InlineData("keys.json")]
    [InlineData("tally.json")]
    [InlineData("keys/address-salt")]
    [InlineData("cursors/file")]
    [InlineData("experiments/pipe.json")]
    public async Task Pipe_InPlaceOfAFile_HoldsNeitherCheckNorServe(string name)
    {
        using var data = new TempDirectory();
        await using (var edge = await EdgeProcess.StartAsync(data.Path))
        {
            Assert.Equal(0, await edge.StopAsync());
        }

        File.Delete(data[name]);
        using var mkfifo = System.Diagnostics.Process.Start("mkfifo", data[name]);
        await mkfifo.WaitForExitAsync();

        if (name.StartsWith("experiments", StringComparison.Ordinal))
        {
            Assert.Equal(1, (await EdgeProcess.RunAsync(["check", "--data-dir", data.Path])).ExitCode);
            await using var edge = await EdgeProcess.StartAsync(data.Path);
            Assert.Equal(0, await edge.StopAsync());
        }
        else
        {
            await AssertRefusedAsync(data.Path, "ordinary file");
        }
    }

    [Theory]
    [InlineData("cursors", false)]
    [InlineData("cursors/file", true)]
    [InlineData("cursors/tally", true)]
    [InlineData("experiments", false)]
    [InlineData("journal", false)]
    [InlineData("journal/commit", true)]
    [InlineData("journal/lock", true)]
    [InlineData("journal/manifest", true)]
    [InlineData("keys", false)]
    [InlineData("keys.json", true)]
    [InlineData("keys/address-salt", true)]
    [InlineData("recomputations", false)]
    public async Task Place_TakenBySomethingOfAnotherKind_IsRefusedByCheckAndServe(string name, bool isFile)
    {
        using var data = new TempDirectory();
        await StartAndStopAsync(data.Path);
        Take(data[name], isFile);

        await AssertRefusedAsync(data.Path, Path.GetFileName(name));
    }

    [Theory]
    [InlineData("alerts.json", true)]
    [InlineData("audit.ndjson", true)]
    [InlineData("dead-letters", false)]
    [InlineData("dead-letters/http.lock", true)]
    [InlineData("forwarded", false)]
    [InlineData("forwarded/.position", true)]
    [InlineData("intents/http", true)]
    [InlineData("journal/quarantine", false)]
    [InlineData("journal/segment-0000000001", true)]
    [InlineData("keys.json.lock", true)]
    [InlineData("paused/file", true)]
    [InlineData("recomputations/exp_a", true)]
    [InlineData("shares.json", true)]
    [InlineData("tally.json", true)]
    public async Task Place_NeededLater_IsReportedByCheck(string name, bool isFile)
    {
        using var data = new TempDirectory();
        await StartAndStopAsync(data.Path);
        Take(data[name], isFile);

        var (exitCode, output, _) = await EdgeProcess.RunAsync(["check", "--data-dir", data.Path]);

        Assert.Equal(1, exitCode);
        Assert.Contains($"error: {data[name]}: is a ", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cut in half")]
    [InlineData("another letter")]
    [InlineData("one digit more")]
    [InlineData("bytes at its end")]
    [InlineData("other bytes")]
    public async Task Salt_Damaged_IsRefusedByCheckAndServe(string row)
    {
        using var data = new TempDirectory();
        await StartAndStopAsync(data.Path);
        var salt = await File.ReadAllTextAsync(data["keys/address-salt"]);
        await File.WriteAllTextAsync(
            data["keys/address-salt"],
            row switch
            {
                "cut in half" => salt[..32],
                "another letter" => "q" + salt[1..],
                "one digit more" => salt + "0",
                "bytes at its end" => salt + "\u00e9\u0001x7Kq",
                _ => string.Concat(salt.Reverse().Select(static c => (char)(c + 0x20))),
            }
        );

        await AssertRefusedAsync(data.Path, "is damaged");
    }

    [Theory]
    [InlineData("changeme", "its secret must have")]
    [InlineData("mk_live_0123456789abcdef0123456789abcdef", "too simple")]
    [InlineData("sk_live_4f8a0c1e_9b7d2f6a3c5e8b0d1f7a9c2e", "another kind of key")]
    [InlineData(null, "there is no directory")]
    public async Task FirstKeyFile_ThatIsNotUsable_IsRefusedByCheckAndServe(string? secret, string expected)
    {
        using var data = new TempDirectory();
        var file = secret is null ? data["nowhere/key"] : data["key"];
        if (secret is not null)
        {
            await File.WriteAllTextAsync(file, secret);
        }

        (string, string)[] environment = [("EDGE__API__FIRSTKEYFILE", file)];
        var check = await EdgeProcess.RunAsync(["check", "--data-dir", data["data"]], environment);
        var serve = await EdgeProcess.RunAsync(
            ["serve", "--data-dir", data["data"], "--urls", "http://127.0.0.1:0"],
            environment
        );

        Assert.Equal((1, 1), (check.ExitCode, serve.ExitCode));
        Assert.Contains(expected, check.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/dev/full")]
    [InlineData("/dev/zero")]
    public async Task Config_ThatIsNoFile_IsRefusedInOneLine(string path)
    {
        var (exitCode, output, _) = await EdgeProcess.RunAsync(["check", "--config", path]);

        Assert.Equal(1, exitCode);
        Assert.Contains(path, output, StringComparison.Ordinal);
    }

    private static async Task StartAndStopAsync(string dataDir)
    {
        await using var edge = await EdgeProcess.StartAsync(dataDir);
        Assert.Equal(0, await edge.StopAsync());
    }

    /// <summary>Puts a directory in place of a file, or a file in place of a directory.</summary>
    private static void Take(string path, bool isFile)
    {
        if (isFile)
        {
            if (File.Exists(path))
            {
                File.Delete(path);
            }

            Directory.CreateDirectory(path);
            return;
        }

        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        File.WriteAllText(path, "x");
    }

    /// <summary>Neither starts nor passes the check, and says why.</summary>
    private static async Task AssertRefusedAsync(string dataDir, string expected)
    {
        var check = await EdgeProcess.RunAsync(["check", "--data-dir", dataDir]);
        var serve = await EdgeProcess.RunAsync([
            "serve",
            "--data-dir",
            dataDir,
            "--urls",
            $"http://127.0.0.1:{EdgeProcess.FreePort()}",
        ]);

        Assert.Equal((1, 1), (check.ExitCode, serve.ExitCode));
        Assert.Contains(expected, check.Output, StringComparison.Ordinal);
        var said = Assert.Single(
            serve.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            static line => !line.StartsWith('{')
        );
        Assert.Contains(expected, said, StringComparison.Ordinal);
    }

    private static async Task<string> CreateKeyAsync(string dataDir)
    {
        var (exitCode, output, error) = await EdgeProcess.RunAsync([
            "keys",
            "create",
            "--kind",
            "pictify",
            "--data-dir",
            dataDir,
        ]);
        Assert.True(exitCode == 0, error);
        return output.Trim();
    }

    private static async Task<HttpStatusCode> ListAsync(EdgeProcess edge, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/experiments/api");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var answer = await edge.Client.SendAsync(request);
        return answer.StatusCode;
    }

    private static void Copy(string from, string to)
    {
        foreach (var directory in Directory.GetDirectories(from, "*", SearchOption.AllDirectories).Prepend(from))
        {
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, directory)));
        }

        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
        }
    }
}
