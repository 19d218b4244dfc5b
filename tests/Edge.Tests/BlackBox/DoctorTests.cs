using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>What <c>edge doctor</c> finds. How quick the disk is, no test can know.</summary>
public class DoctorTests
{
    [Fact]
    public async Task Doctor_BesideASoundService_FindsNothingToMend()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(data["data"]);

        var (_, output, error) = await DoctorAsync(data, edge);

        Assert.Equal("", error);
        Assert.Contains("ok: settings: can be used\n", output, StringComparison.Ordinal);
        Assert.Contains("ok: sink file: can be written\n", output, StringComparison.Ordinal);
        Assert.Contains("ok: service: is ready at", output, StringComparison.Ordinal);
        Assert.Matches("(ok|warning|error): disk: a sync in .* takes ", output);
        Assert.DoesNotContain(Errors(output), static line => !line.StartsWith("error: disk: a sync", StringComparison.Ordinal));
        // What was written to time the disk is gone.
        Assert.DoesNotContain(Directory.GetFiles(data["data"]), static file => file.Contains("doctor", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Doctor_WithMistakesAround_NamesEachWithARemedy()
    {
        using var data = new TempDirectory();
        using var certificates = new TestCertificates();
        certificates.Write(data["certificate.pem"], data["key.pem"], days: -1);
        File.SetUnixFileMode(data["key.pem"], UnixFileMode.UserRead | UnixFileMode.OtherRead);
        await File.WriteAllTextAsync(data["city.mmdb"], "no database");
        var password = data["password"];
        Directory.CreateDirectory(password);

        var (exitCode, output, _) = await EdgeProcess.RunAsync(
            ["doctor", "--data-dir", data["data"]],
            [
                ("EDGE__URLS", "https://127.0.0.1:1"),
                ("EDGE__TLS__CERTIFICATEFILE", data["certificate.pem"]),
                ("EDGE__TLS__KEYFILE", data["key.pem"]),
                ("EDGE__GEO__DATABASE", data["city.mmdb"]),
                ("EDGE__SINKS__WAREHOUSE__TYPE", "clickhouse"),
                ("EDGE__SINKS__WAREHOUSE__URL", "http://127.0.0.1:1"),
                ("EDGE__SINKS__STORE__TYPE", "postgres"),
                ("EDGE__SINKS__STORE__CONNECTION", "Host=127.0.0.1;Port=1"),
                ("EDGE__SINKS__STORE__PASSWORDFILE", password),
                ("EDGE__SINKS__HOOK__TYPE", "http"),
                ("EDGE__SINKS__HOOK__URL", "https://127.0.0.1:1/"),
                ("EDGE__SINKS__HOOK__ALLOWPRIVATE", "true"),
            ]
        );

        Assert.Equal(1, exitCode);
        Assert.Matches("error: TLS certificate: .* expired at .*; renew it", output);
        Assert.Matches("error: geo database: .*; get the file again", output);
        Assert.Matches("error: sink warehouse: .*; events are kept", output);
        Assert.Matches("error: sink hook: .*; events are kept", output);
        Assert.Matches($"error: sink store: passwordFile '{password}' cannot be read: .*; let the user of the service read it", output);
        Assert.Matches("warning: modes: .*key.pem has mode 0404, .*; chmod o= ", output);
        Assert.Contains("note: service: does not run at", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_SinkWhoseTableIsMissing_SaysHowItIsMade()
    {
        using var data = new TempDirectory();
        await using var server = await ClickHouseServer.StartAsync();
        (string, string)[] settings =
        [
            ("EDGE__SINKS__HOUSE__TYPE", "clickhouse"),
            ("EDGE__SINKS__HOUSE__URL", $"http://127.0.0.1:{server.Port}"),
            ("EDGE__SINKS__HOUSE__ALLOWPRIVATE", "true"),
            ("EDGE__SINKS__HOUSE__PASSWORD", ClickHouseServer.Password),
        ];

        var (exitCode, before, _) = await EdgeProcess.RunAsync(["doctor", "--data-dir", data["data"]], settings);

        Assert.Equal(1, exitCode);
        Assert.Matches("error: sink house: .* has no table edge_events; make it with edge sink init house", before);
        var (made, _, error) = await EdgeProcess.RunAsync(["sink", "init", "house", "--data-dir", data["data"]], settings);
        Assert.True(made == 0, error);
        var (_, after, _) = await EdgeProcess.RunAsync(["doctor", "--data-dir", data["data"]], settings);
        Assert.Contains("ok: sink house: can be reached", after, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "error: public: the proxy in front is not trusted")]
    [InlineData("127.0.0.1", "ok: public: requests reach this node, with addresses that it believes")]
    public async Task Doctor_ThroughAProxy_SaysWhetherItIsTrusted(string trusted, string expected)
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(
            data["data"],
            environment: [("EDGE__CLIENTADDRESS__TRUSTEDPROXIES", trusted), ("EDGE__CLIENTADDRESS__HEADER", "forwarded")]
        );
        await using var nginx = await Nginx.StartAsync(data["nginx"], edge.Address);

        var (_, output, _) = await DoctorAsync(
            data,
            edge,
            [("EDGE__CLIENTADDRESS__TRUSTEDPROXIES", trusted), ("EDGE__CLIENTADDRESS__HEADER", "forwarded")],
            "--public",
            nginx.Address.ToString()
        );

        Assert.Contains(expected, output, StringComparison.Ordinal);
        Assert.Contains("ok: public: a pixel comes as Edge sends it", output, StringComparison.Ordinal);
        Assert.Contains("warning: public: visitors come without TLS", output, StringComparison.Ordinal);
        Assert.Contains("warning: public: /metrics is open to everybody", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_PublicAddressOfNobody_SaysSo()
    {
        using var data = new TempDirectory();

        var (exitCode, output, _) = await EdgeProcess.RunAsync(
            ["doctor", "--data-dir", data["data"], "--public", "http://127.0.0.1:1"]
        );
        var wrong = await EdgeProcess.RunAsync(["doctor", "--public", "ftp://x"]);

        Assert.Equal(1, exitCode);
        Assert.Contains("error: public: http://127.0.0.1:1/ cannot be asked", output, StringComparison.Ordinal);
        Assert.Equal(2, wrong.ExitCode);
    }

    [Fact]
    public async Task Doctor_WithSettingsThatAreWrong_ListsThemAndStillLooksAtTheMachine()
    {
        using var data = new TempDirectory();

        var (exitCode, output, error) = await EdgeProcess.RunAsync(
            ["doctor", "--data-dir", data["data"]],
            [("EDGE__SINKS__HOOK__TYPE", "http"), ("EDGE__JOURNAL__MAXBYTES", "1")]
        );

        Assert.Equal((1, ""), (exitCode, error));
        Assert.Contains("sinks.hook.url", output, StringComparison.Ordinal);
        Assert.Contains("journal.maxBytes", output, StringComparison.Ordinal);
        Assert.Matches("(ok|warning|error): disk: a sync in ", output);
        Assert.EndsWith(" to look at\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_WhereTheDataDirectoryIsClosed_MakesEveryOtherCheck()
    {
        using var data = new TempDirectory();
        // The directory of the test is closed to other users, too.
        File.SetUnixFileMode(data.Path, (UnixFileMode)0b111_101_101);
        var edge = data["edge"];
        File.Copy(EdgeBinary.Path, edge);
        Directory.CreateDirectory(data["data"], UnixFileMode.None);
        string[] doctor = ["doctor", "--data-dir", data["data"]];

        // Nothing is closed to root.
        var (exitCode, output, error) =
            Environment.UserName == "root"
                ? await EdgeProcess.RunAsync(
                    ["--reuid", "65534", "--clear-groups", edge, .. doctor],
                    binary: "setpriv"
                )
                : await EdgeProcess.RunAsync(doctor, binary: edge);
        File.SetUnixFileMode(data["data"], (UnixFileMode)0b111_000_000);

        Assert.Equal((1, ""), (exitCode, error));
        Assert.Matches("error: disk: .* cannot be written: .*; check its owner, mode and mount\n", output);
        Assert.Matches("error: space: .*; check its owner, mode and mount\n", output);
        Assert.Matches("error: modes: cannot be looked at: .*; run edge doctor as the user of the service\n", output);
        Assert.Contains("note: service: does not run at", output, StringComparison.Ordinal);
        Assert.Matches("error: sink file: '.*' cannot be written: Permission denied; ", output);
        Assert.EndsWith("\n4 to mend", output[..output.LastIndexOf(',')], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_OnAFullDisk_AsksForSpace()
    {
        using var data = new TempDirectory();
        using var disk = SmallDisk.Mount(data["disk"]);
        await using (var full = File.Create(data["disk", "full"]))
        {
            Assert.Throws<IOException>(() => full.Write(new byte[2 << 20]));
        }

        var (exitCode, output, _) = await EdgeProcess.RunAsync(["doctor", "--data-dir", data["disk"]]);

        Assert.Equal(1, exitCode);
        Assert.Matches("error: disk: .* cannot be written: .*; free space there, or raise its quota\n", output);
        Assert.Matches("error: space: 0 MiB free, .*; make room", output);
        Assert.Equal([data["disk", "full"]], Directory.GetFileSystemEntries(data["disk"]));
    }

    private static string[] Errors(string output) =>
        [.. output.Split('\n').Where(static line => line.StartsWith("error:", StringComparison.Ordinal))];

    private static Task<(int ExitCode, string Output, string Error)> DoctorAsync(
        TempDirectory data,
        EdgeProcess edge,
        (string, string)[]? settings = null,
        params string[] more
    ) =>
        EdgeProcess.RunAsync(
            ["doctor", "--data-dir", data["data"], .. more],
            [("EDGE__URLS", edge.Address.ToString()), .. settings ?? []]
        );
}
