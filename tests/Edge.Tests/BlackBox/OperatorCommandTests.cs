using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Commands that operators use beside the running service.</summary>
public sealed class OperatorCommandTests(ManagedEdge site) : IClassFixture<ManagedEdge>
{
    // Not SIGINT, which programs ignore that are started in the background, as a runner of tests may be.
    private const int SigTerm = 15;

    [Fact]
    public async Task Tail_WhileEventsCome_PrintsThemAndRefusals()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        using var tail = StartTail("--json");
        var lines = new ConcurrentQueue<string>();

        // Until it has joined, events go by.
        var reading = ReadAsync(tail, lines);
        var seen = await Wait.ForAsync(
            async () =>
            {
                using var pixel = await site.Edge.Client.GetAsync($"/s/{slug}/pixel.gif?u=tail");
                using var refused = await site.Edge.Client.PostAsync("/s/events", new StringContent("{"));
                return lines.ToArray();
            },
            seen => seen.Any(line => IsOf(line, slug)) && seen.Any(static line => line.Contains("curl", StringComparison.Ordinal))
        );

        var json = JsonDocument.Parse(seen.First(line => IsOf(line, slug))).RootElement;
        Assert.Equal("impression", json.GetProperty("type").GetString());
        tail.Kill();
        await reading;
    }

    [Fact]
    public async Task Tail_WithoutAKeyOrWithAWrongOne_SaysWhatIsMissing()
    {
        var url = site.Edge.Address.ToString();

        var without = await EdgeProcess.RunAsync(["tail", "--url", url], [("EDGE_KEY", "")]);
        var wrong = await EdgeProcess.RunAsync(["tail", "--url", url], [("EDGE_KEY", "mk_wrong")]);
        var filter = await EdgeProcess.RunAsync(["tail", "--url", url, "--experiment", "x y"], [("EDGE_KEY", site.Key)]);

        Assert.Equal(2, without.ExitCode);
        Assert.Contains("EDGE_KEY", without.Error, StringComparison.Ordinal);
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("answered 401", wrong.Error, StringComparison.Ordinal);
        Assert.Equal(1, filter.ExitCode);
        Assert.Contains("answered 400", filter.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--type", "clck", "edge tail: --type has 'clck', which is none of impression, view, ", "mean 'click'?\n")]
    [InlineData("--type", "refuse", "edge tail: --type has 'refuse', which is none of impression, ", "mean 'refused'?\n")]
    [InlineData("--verdict", "robot", "edge tail: --verdict has 'robot', which is none of human, ", "mean 'bot'?\n")]
    public async Task Tail_WithAWordThatIsNone_NamesTheNearest(string option, string word, string begin, string end)
    {
        var (exitCode, output, error) = await EdgeProcess.RunAsync(["tail", option, word], [("EDGE_KEY", site.Key)]);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.StartsWith(begin, error, StringComparison.Ordinal);
        Assert.EndsWith(end, error, StringComparison.Ordinal);
        Assert.Single(error, '\n');
    }

    [Fact]
    public async Task Tail_ValuesWithLineFeedsAndTabs_StayInTheirLine()
    {
        var secret = await site.CreateKeyAsync("millimetric-sk");
        using var tail = StartTail("--type", "track");
        var lines = new ConcurrentQueue<string>();

        var reading = ReadAsync(tail, lines);
        await Wait.ForAsync(
            async () =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/track");
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", secret);
                request.Content = new StringContent("""{"event":"a\nforged\tline","user_id":"u"}""");
                using var answer = await site.Edge.Client.SendAsync(request);
                return lines.Count;
            },
            static count => count > 1
        );
        tail.Kill();
        await reading;

        Assert.All(lines, static line => Assert.Contains(@" track a\u000aforged\u0009line ", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Tail_WhoseReaderHasEnough_EndsQuietly()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        using var tail = StartTail("--experiment", slug);
        tail.StandardOutput.Close();

        await Wait.ForAsync(
            async () =>
            {
                using var pixel = await site.Edge.Client.GetAsync($"/s/{slug}/pixel.gif?u=tail");
                return tail.HasExited;
            },
            static hasExited => hasExited
        );

        Assert.Equal((0, ""), (tail.ExitCode, await tail.StandardError.ReadToEndAsync()));
    }

    [Fact]
    public async Task Tail_WhenInterrupted_EndsWithZero()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        using var tail = StartTail("--experiment", slug);
        var lines = new ConcurrentQueue<string>();
        var reading = ReadAsync(tail, lines);
        await Wait.ForAsync(
            async () =>
            {
                using var pixel = await site.Edge.Client.GetAsync($"/s/{slug}/pixel.gif?u=tail");
                return lines.Count;
            },
            static count => count > 0
        );

        _ = Kill(tail.Id, SigTerm);
        await reading;
        await tail.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal((0, ""), (tail.ExitCode, await tail.StandardError.ReadToEndAsync()));
    }

    [Fact]
    public async Task Journal_WhileServing_IsReadBesideTheService()
    {
        var (_, slug) = await site.CreateAsync("", "start");
        (await site.Edge.Client.GetAsync($"/s/{slug}/pixel.gif")).EnsureSuccessStatusCode();

        var stat = await EdgeProcess.RunAsync(["journal", "stat", "--data-dir", site.DataDir]);
        var verify = await EdgeProcess.RunAsync(["journal", "verify", "--data-dir", site.DataDir]);

        Assert.True(stat.ExitCode == 0, stat.Error);
        Assert.True(JsonDocument.Parse(stat.Output).RootElement.GetProperty("in_use").GetBoolean());
        Assert.True(verify.ExitCode == 0, verify.Output + verify.Error);
        Assert.Contains(" 0 problems", verify.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Capacity_InABoundedTime_MeasuresAndLeavesNothing()
    {
        using var data = new TempDirectory();
        Assert.SkipUnless(new DriveInfo(data.Path).AvailableFreeSpace > 5L << 30, "needs 5 GiB of free space");

        var (exitCode, output, error) = await EdgeProcess.RunAsync(
            ["capacity", "--seconds", "1", "--data-dir", data.Path]
        );

        Assert.True(exitCode == 0, error);
        Assert.Matches(@"^events    [1-9]\d* a second stored by one thread, [1-9]\d\d bytes each, ", output);
        Assert.Matches(@"\nprocessor \d+\.\d us for an event", output);
        Assert.Matches(@"\ncommit    \d+\.\d\d ms in the middle, ", output);
        Assert.Empty(Directory.GetFileSystemEntries(data.Path));
    }

    [Fact]
    public async Task Capacity_WhenInterrupted_LeavesNothing()
    {
        using var data = new TempDirectory();
        Assert.SkipUnless(new DriveInfo(data.Path).AvailableFreeSpace > 5L << 30, "needs 5 GiB of free space");
        using var capacity = Start("capacity", "--seconds", "60", "--data-dir", data.Path);
        await UntilMeasuringAsync(data);

        _ = Kill(capacity.Id, SigTerm);
        await capacity.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, capacity.ExitCode);
        Assert.Equal(
            "edge capacity: stopped before the end; what it wrote is removed\n",
            await capacity.StandardError.ReadToEndAsync()
        );
        Assert.Empty(Directory.GetFileSystemEntries(data.Path));
    }

    [Fact]
    public async Task Capacity_AfterOneThatWasKilled_RemovesWhatItLeftAndNothingOfOneThatMeasures()
    {
        using var data = new TempDirectory();
        Assert.SkipUnless(new DriveInfo(data.Path).AvailableFreeSpace > 5L << 30, "needs 5 GiB of free space");
        using var killed = Start("capacity", "--seconds", "60", "--data-dir", data.Path);
        await UntilMeasuringAsync(data);
        killed.Kill();
        await killed.WaitForExitAsync(TestContext.Current.CancellationToken);
        var left = Directory.GetDirectories(data.Path).Single();

        using var other = Start("capacity", "--seconds", "60", "--data-dir", data.Path);
        await Wait.UntilAsync(() => !Directory.Exists(left), () => left);
        await UntilMeasuringAsync(data);
        var (exitCode, _, error) = await EdgeProcess.RunAsync(
            ["capacity", "--seconds", "1", "--data-dir", data.Path]
        );

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Single(Directory.GetDirectories(data.Path));
        Assert.False(other.HasExited);
        _ = Kill(other.Id, SigTerm);
        await other.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Empty(Directory.GetFileSystemEntries(data.Path));
    }

    /// <summary>Until a run has its journal.</summary>
    private static Task UntilMeasuringAsync(TempDirectory data) =>
        Wait.UntilAsync(
            () => Directory.GetDirectories(data.Path).Any(static path => Directory.Exists(Path.Combine(path, "journal"))),
            () => string.Join(' ', Directory.GetFileSystemEntries(data.Path))
        );

    private static bool IsOf(string line, string slug) => line.Contains($"\"experiment\":\"{slug}\"", StringComparison.Ordinal);

    private static async Task ReadAsync(Process tail, ConcurrentQueue<string> lines)
    {
        while (await tail.StandardOutput.ReadLineAsync() is { } line)
        {
            lines.Enqueue(line);
        }
    }

    private Process StartTail(params string[] more) =>
        Start(["tail", "--url", site.Edge.Address.ToString(), .. more]);

    private Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(EdgeBinary.Path, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["EDGE_KEY"] = site.Key;
        return Process.Start(start)!;
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int pid, int signal);
}
