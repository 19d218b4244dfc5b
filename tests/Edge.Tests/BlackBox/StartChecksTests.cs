using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>What <c>edge check</c> and <c>edge doctor</c> say of what would keep the service from starting or forwarding.</summary>
public sealed class StartChecksTests : IDisposable
{
    private const string Nobody = "65534";

    private readonly TempDirectory _place = new();

    public void Dispose() => _place.Dispose();

    [Theory]
    [InlineData("/proc/nope", "'/proc' cannot be written: ")]
    [InlineData("{place}/file", "'{place}/file' is a file, not a directory")]
    [InlineData("{place}/file/below", "'{place}/file' is a file, not a directory")]
    [InlineData("{place}/dangling", "'{place}/dangling' is a file, not a directory")]
    public async Task Sink_WhoseDirectoryCannotBeMade_IsNoted(string directory, string expected)
    {
        await File.WriteAllTextAsync(_place["file"], "");
        File.CreateSymbolicLink(_place["dangling"], _place["nowhere", "at-all"]);
        await AssertSinkAsync(directory.Replace("{place}", _place.Path, StringComparison.Ordinal), expected);
    }

    [Fact]
    public async Task Sink_OnAFullDisk_IsNoted()
    {
        using var disk = SmallDisk.Mount(_place["disk"]);
        await using (var full = File.Create(_place["disk", "full"]))
        {
            Assert.Throws<IOException>(() => full.Write(new byte[2 << 20]));
        }

        await AssertSinkAsync(_place["disk"], "cannot be written: No space left on device");
        Assert.Equal(["full"], Directory.GetFileSystemEntries(_place["disk"]).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Sink_WithoutRights_IsNoted()
    {
        var (edge, arguments) = AsNobody();
        Directory.CreateDirectory(_place["out"]);
        (string, string)[] environment = [("EDGE__SINKS__FILE__DIRECTORY", _place["out", "a", "b"])];

        var check = await EdgeProcess.RunAsync([.. arguments, edge, "check", "--data-dir", _place["data"]], environment, binary: "setpriv");
        var doctor = await EdgeProcess.RunAsync([.. arguments, edge, "doctor", "--data-dir", _place["data"]], environment, binary: "setpriv");

        Assert.Equal((1, 1), (check.ExitCode, doctor.ExitCode));
        Assert.Contains(
            $"error: setting: sinks.file.directory '{_place["out"]}' cannot be written: Permission denied [sink]\n",
            check.Output,
            StringComparison.Ordinal
        );
        Assert.Contains($"error: sink file: '{_place["out"]}' cannot be written: Permission denied; ", doctor.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DataDirectory_OfAnotherUser_IsAnError()
    {
        var (edge, arguments) = AsNobody();
        Directory.CreateDirectory(_place["data", "journal"]);

        var (exitCode, output, _) = await EdgeProcess.RunAsync(
            [.. arguments, edge, "check", "--data-dir", _place["data"]],
            binary: "setpriv"
        );

        Assert.Equal(1, exitCode);
        Assert.Contains($"error: {_place["data"]}: '{_place["data"]}' cannot be written: Permission denied [data_dir]\n", output, StringComparison.Ordinal);
        Assert.DoesNotContain("[sink]", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DirectoryInTheDataDirectory_OfAnotherUser_IsAnError()
    {
        var (edge, arguments) = AsNobody();
        Directory.CreateDirectory(_place["data", "journal"]);
        File.SetUnixFileMode(_place["data"], (UnixFileMode)0b111_111_111);

        var (exitCode, output, _) = await EdgeProcess.RunAsync(
            [.. arguments, edge, "check", "--data-dir", _place["data"]],
            binary: "setpriv"
        );

        Assert.Equal(1, exitCode);
        Assert.Contains($"error: {_place["data", "journal"]}: may not be written by this user; ", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://unix:{place}/missing/edge.sock", "the directory of '{place}/missing/edge.sock' is not there")]
    [InlineData("http://unix:{place}/file", "'{place}/file' is there already and is not a socket")]
    [InlineData("http://192.0.2.7:8080", "cannot be opened: Cannot assign requested address")]
    public async Task Address_ThatCannotBeListenedOn_IsAnError(string url, string expected)
    {
        await File.WriteAllTextAsync(_place["file"], "");
        url = url.Replace("{place}", _place.Path, StringComparison.Ordinal);

        var (exitCode, output, _) = await EdgeProcess.RunAsync(
            ["check", "--data-dir", _place["data"]],
            [("EDGE__URLS", url)]
        );

        Assert.Equal(1, exitCode);
        Assert.Contains(
            $"error: setting: {url} {expected.Replace("{place}", _place.Path, StringComparison.Ordinal)}",
            output,
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(_place["data"]));
    }

    [Fact]
    public async Task Port_WithoutTheRight_IsAnErrorThatNamesTheCapability()
    {
        var (edge, arguments) = AsNobody();
        Assert.SkipUnless(
            int.Parse(
                await File.ReadAllTextAsync("/proc/sys/net/ipv4/ip_unprivileged_port_start", TestContext.Current.CancellationToken),
                System.Globalization.CultureInfo.InvariantCulture
            ) > 81,
            "every user may open every port here"
        );
        File.SetUnixFileMode(_place.Path, (UnixFileMode)0b111_111_111);
        var free = $"http://127.0.0.1:{EdgeProcess.FreePort()}";
        string[] given = ["--urls", $"{free},http://127.0.0.1:81", "--data-dir", _place["data"]];
        string[] nobody = [.. arguments, "--bounding-set", "-net_bind_service", edge];

        var check = await EdgeProcess.RunAsync(
            [.. nobody, "check", "--data-dir", _place["data"]],
            [("EDGE__URLS", "http://127.0.0.1:81")],
            binary: "setpriv"
        );
        var serve = await EdgeProcess.RunAsync([.. nobody, "serve", .. given], binary: "setpriv");

        const string Expected = "http://127.0.0.1:81 may not be opened by this user: a port below 1024 needs CAP_NET_BIND_SERVICE";
        Assert.Equal((1, 1), (check.ExitCode, serve.ExitCode));
        Assert.Contains(Expected, check.Output, StringComparison.Ordinal);
        Assert.Contains(Expected, serve.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_WithOneAddressOfAnotherMachine_NamesThatOne()
    {
        var free = $"http://127.0.0.1:{EdgeProcess.FreePort()}";

        var (exitCode, _, error) = await EdgeProcess.RunAsync(
            ["serve", "--urls", $"{free},http://192.0.2.7:8080", "--data-dir", _place["data"]]
        );

        Assert.Equal(1, exitCode);
        Assert.Contains(
            "edge serve: http://192.0.2.7:8080 cannot be opened: Cannot assign requested address; urls is ",
            error,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Check_BesideTheService_HasNothingToSayOfItsAddress()
    {
        await using var edge = await EdgeProcess.StartAsync(_place["data"]);

        var (exitCode, output, _) = await EdgeProcess.RunAsync(
            ["check", "--data-dir", _place["data"]],
            [("EDGE__URLS", edge.Address.GetLeftPart(UriPartial.Authority))]
        );

        Assert.True(exitCode == 0, output);
        Assert.DoesNotContain("[address]", output, StringComparison.Ordinal);
    }

    /// <summary>A binary that nobody may run, and how; the directory of the test is open to everybody then.</summary>
    private (string Edge, string[] Arguments) AsNobody()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can act as somebody else");
        File.SetUnixFileMode(_place.Path, (UnixFileMode)0b111_101_101);
        var edge = _place["edge"];
        File.Copy(EdgeBinary.Path, edge);
        return (edge, ["--reuid", Nobody, "--clear-groups"]);
    }

    private async Task AssertSinkAsync(string directory, string expected)
    {
        expected = expected.Replace("{place}", _place.Path, StringComparison.Ordinal);
        (string, string)[] environment = [("EDGE__SINKS__FILE__DIRECTORY", directory)];

        var check = await EdgeProcess.RunAsync(["check", "--data-dir", _place["data"]], environment);
        var doctor = await EdgeProcess.RunAsync(["doctor", "--data-dir", _place["data"]], environment);

        Assert.Equal((1, 1), (check.ExitCode, doctor.ExitCode));
        Assert.Contains("error: setting: sinks.file.directory ", check.Output, StringComparison.Ordinal);
        Assert.Contains(expected, check.Output, StringComparison.Ordinal);
        Assert.Contains("error: sink file: ", doctor.Output, StringComparison.Ordinal);
        Assert.Contains(expected, doctor.Output, StringComparison.Ordinal);
    }
}
