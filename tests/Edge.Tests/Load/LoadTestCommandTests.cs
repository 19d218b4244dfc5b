using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Edge.LoadTests.Commands;
using Edge.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Edge.Tests.Load;

/// <summary>Load tests as they are called: exit codes, reports, what reaches the server.</summary>
public class LoadTestCommandTests
{
    /// <summary>A run of a second. A busy machine must not fail what is not about its speed.</summary>
    internal static readonly string[] Short =
    [
        "--rate",
        "200",
        "--minutes",
        "0.01",
        "--warm-up",
        "0.1",
        "--threshold",
        "rate>=1%",
        "--threshold",
        "p99<=60s",
    ];

    private static readonly string[] Quick = [.. Short, "--settle", "1"];

    [Theory]
    [InlineData("did you mean campaign?", "campain")]
    [InlineData("needs a scenario")]
    [InlineData("--rate must be above 0", "pixel", "--rate", "0")]
    [InlineData("--rate must be a number", "pixel", "--rate", "fast")]
    [InlineData("--minutes must be above 0", "pixel", "--minutes", "0")]
    [InlineData("--allow-rate raises it", "pixel", "--url", "http://127.0.0.1:1", "--rate", "20001")]
    [InlineData("--allow-minutes raises it", "pixel", "--url", "http://127.0.0.1:1", "--minutes", "61")]
    [InlineData("--connections 300", "pixel", "--url", "http://127.0.0.1:1", "--simulation", "keep 300 1m")]
    [InlineData("cannot be reached", "pixel", "--url", "http://127.0.0.1:1")]
    [InlineData("must be an address", "pixel", "--url", "localhost")]
    [InlineData("did you mean --rate?", "pixel", "--rte", "5")]
    [InlineData("is no load simulation", "pixel", "--simulation", "inject lots 1m")]
    [InlineData("unknown figure", "pixel", "--threshold", "p98<=5ms")]
    [InlineData("needs a key: --key artie_", "bulk", "--url", "http://127.0.0.1:1")]
    [InlineData("cannot be read", "pixel", "--baseline", "/no/such/report.json")]
    [InlineData("must be a file of 1 to", "pixel", "--baseline", "/dev/zero")]
    [InlineData("must be a file of 1 to", "pixel", "--url", "http://127.0.0.1:1", "--synthetic-key", "/dev/zero")]
    [InlineData("names a file that is not there", "pixel", "--url", "http://127.0.0.1:1", "--synthetic-key", "syn_a")]
    [InlineData("--synthetic-key is given nothing", "pixel", "--url", "http://127.0.0.1:1", "--synthetic-key", "")]
    [InlineData("--baseline is given nothing", "pixel", "--baseline", "")]
    [InlineData("--url must not hold a password", "pixel", "--url", "http://me:secret@127.0.0.1:1")]
    [InlineData("run make publish", "pixel", "--binary", "/no/such/edge")]
    [InlineData("cannot be started", "pixel", "--binary", "/etc/passwd")]
    [InlineData("--sink-off and --sink-on", "outage", "--url", "http://127.0.0.1:1")]
    [InlineData("go together", "outage", "--url", "http://127.0.0.1:1", "--sink-off", "true")]
    [InlineData("for scenario outage", "pixel", "--url", "http://127.0.0.1:1", "--sink-off", "a", "--sink-on", "b")]
    [InlineData("--rate must be a number, not '1,5'", "pixel", "--rate", "1,5")]
    [InlineData("--minutes must be a number, not '0,05'", "pixel", "--minutes", "0,05")]
    [InlineData("--rate must be a number, not '1,000'", "pixel", "--rate", "1,000")]
    [InlineData("--rate must be a number, not 'NaN'", "pixel", "--rate", "NaN")]
    [InlineData("--settle must not be below 0", "pixel", "--settle", "-1")]
    [InlineData("is no threshold", "pixel", "--threshold", "errors<=-1%")]
    [InlineData("--rate is given twice", "pixel", "--rate", "5", "--rate", "6")]
    [InlineData("--url is given twice", "pixel", "--url", "http://127.0.0.1:1", "--url", "http://127.0.0.1:2")]
    [InlineData("keys are ASCII", "bulk", "--url", "http://127.0.0.1:1", "--key", "artie_é")]
    [InlineData("sends nothing", "pixel", "--url", "http://127.0.0.1:1", "--simulation", "pause 1s")]
    [InlineData("--url takes no path", "pixel", "--url", "http://127.0.0.1:1/edge")]
    [InlineData("--admin-url takes no path", "pixel", "--url", "http://127.0.0.1:1", "--admin-url", "http://[::1]/a")]
    [InlineData("there is no such path", "pixel", "--forwarded", "/no/such/directory")]
    [InlineData("scenario mixed needs keys: --key wk_", "mixed", "--url", "http://127.0.0.1:1", "--key", "sk_a")]
    [InlineData("--kind artie issues it", "soak", "--url", "http://127.0.0.1:1")]
    public async Task Command_WhatCannotBeRun_IsOneLineAndExitCode2(string problem, params string[] arguments)
    {
        using var directory = new TempDirectory();

        var (exitCode, output, error) = await RunAsync([.. arguments, "--report", directory["report"]]);

        Assert.Equal(2, exitCode);
        Assert.Contains(problem, error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error, StringComparison.Ordinal);
        Assert.DoesNotContain("syn_a", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.Empty(output);
        Assert.False(Path.Exists(directory["report"]));
    }

    [Fact]
    public async Task Command_ReportThatCannotBeWritten_IsRefusedBeforeAnythingIsSent()
    {
        using var directory = new TempDirectory();
        using var server = new LedgerServer();
        await File.WriteAllTextAsync(directory["file"], "");

        var (exitCode, _, error) = await RunAsync([
            "pixel",
            "--url",
            $"{server.Address}",
            "--report",
            directory["file"],
            .. Quick,
        ]);

        Assert.Equal(2, exitCode);
        Assert.Contains("cannot be written", error, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Command_MoreConnectionsThanFilesMayBeOpen_IsOneLineAndExitCode2()
    {
        using var directory = new TempDirectory();
        using var command = Process.Start(
            new ProcessStartInfo(
                "/bin/sh",
                [
                    "-c",
                    "ulimit -n 300 && exec dotnet \"$0\" pixel --report \"$1\"",
                    typeof(CommandLine).Assembly.Location,
                    directory["report"],
                ]
            )
            {
                RedirectStandardError = true,
            }
        )!;

        var error = await command.StandardError.ReadToEndAsync();
        await command.WaitForExitAsync();

        Assert.Equal("load test: --connections 256 needs 456 open files, and ulimit -n allows 300\n", error);
        Assert.Equal(2, command.ExitCode);
        Assert.Empty(Directory.EnumerateFileSystemEntries(directory.Path));
    }

    [Fact]
    public async Task Command_ReportThatCannotBeWrittenAfterTheRun_SaysTheVerdictAllTheSame()
    {
        using var directory = new TempDirectory();
        using var server = new LedgerServer();
        Directory.CreateDirectory(directory["report.json"]);

        var (exitCode, output, error) = await RunQuicklyAsync(server.Address, directory.Path, "pixel");

        Assert.Equal(1, exitCode);
        Assert.EndsWith("PASSED\n", output, StringComparison.Ordinal);
        Assert.Contains("report.json", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Command_SignalDuringTheRun_CountsRatesOfTheTimeThatItHad()
    {
        using var directory = new TempDirectory();
        using var server = new LedgerServer();
        using var command = Start(directory, "--url", $"{server.Address}", "--warm-up", "0", "--rate", "100", "--minutes", "50");
        await Wait.UntilAsync(() => server.Requests.Count > 200, () => "too few requests");

        const int Sigterm = 15;
        Assert.Equal(0, Kill(command.Id, Sigterm));
        var output = await command.StandardOutput.ReadToEndAsync();
        await command.WaitForExitAsync();

        Assert.Equal(1, command.ExitCode);
        Assert.Contains("the run was interrupted", output, StringComparison.Ordinal);
        var requests = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(directory["report"], "report.json")))!["requests"]!;
        Assert.InRange(requests["intendedRate"]!.GetValue<double>(), 90, 110);
    }

    [Fact]
    public async Task Command_SoakThatIsTooShortForGrowth_IsRefused()
    {
        using var directory = new TempDirectory();
        var (exitCode, _, error) = await RunAsync([
            "soak",
            "--url",
            "http://127.0.0.1:1",
            "--key",
            "wk_a",
            "--key",
            "sk_a",
            "--key",
            "artie_a",
            "--report",
            directory.Path,
            .. Quick,
        ]);

        Assert.Equal(2, exitCode);
        Assert.Contains("memory-growth<=10% cannot be measured", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("404 Not Found", "", "HTTP 404")]
    [InlineData("200 OK", "<html>", "the page of another server")]
    [InlineData("200 OK", "{}", "the page of another server")]
    public async Task Command_LedgerThatCannotBeRead_IsRefusedBeforeAnythingIsSent(
        string status,
        string body,
        string problem
    )
    {
        using var directory = new TempDirectory();
        using var server = new LedgerServer();
        using var other = new StubServer(_ => StubServer.Answer(status, body));

        var (exitCode, _, error) = await RunQuicklyAsync(server.Address, directory.Path, "pixel", "--admin-url", $"{other.Address}");

        Assert.Equal(2, exitCode);
        Assert.Contains($"/ledger cannot be read ({problem})", error, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Command_LedgerThatIsGoneAfterTheRun_Fails()
    {
        using var directory = new TempDirectory();
        using var server = new LedgerServer { LedgersMax = 1 };

        var (exitCode, output, _) = await RunQuicklyAsync(server.Address, directory.Path, "pixel");

        Assert.Equal(1, exitCode);
        Assert.Contains("| lost<=0 | not measured | FAILED |", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_UnknownExperiment_IsRefusedBeforeAnythingIsSent()
    {
        using var directory = new TempDirectory();
        using var server = new LedgerServer();

        var (exitCode, _, error) = await RunQuicklyAsync(server.Address, directory.Path, "pixel", "--experiment", "sprung");

        Assert.Equal(2, exitCode);
        Assert.Contains("no running experiment 'sprung'", error, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Command_WriteKeyThatIsRefused_SaysSo()
    {
        using var directory = new TempDirectory();
        using var server = new StubServer(static request =>
            request.StartsWith("GET /ledger ", StringComparison.Ordinal)
                ? LedgerServer.Ledger(0)
                : StubServer.Answer(
                    "200 OK",
                    """{"ok":true,"processed":0,"errors":[{"index":0,"error":"writeKey is invalid or has been revoked"}]}"""
                )
        );

        var (exitCode, _, error) = await RunQuicklyAsync(server.Address, directory.Path, "beacon", "--key", "wk_x");

        Assert.Equal(2, exitCode);
        Assert.Contains("the key is refused", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_ClosedModel_IsHeldToTheBound()
    {
        using var directory = new TempDirectory();
        using var server = new LedgerServer();

        var (exitCode, output, _) = await RunQuicklyAsync(server.Address, directory.Path, "pixel", "--simulation", "keep 4 1s", "--allow-rate", "100");

        var report = JsonNode.Parse(await File.ReadAllTextAsync(directory["report.json"]))!;
        Assert.InRange(report["requests"]!["sent"]!.GetValue<long>(), 1, 105);
        // The caller has asked for a rate, which a closed model does not have.
        Assert.Equal(1, exitCode);
        Assert.Contains("| rate>=1% | not measured | FAILED |", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_SignalDuringTheWarmUp_MeasuresNothingAndLeavesNothing()
    {
        using var directory = new TempDirectory();
        using var server = new LedgerServer();
        using var command = Start(directory, "--url", $"{server.Address}", "--warm-up", "600");
        await Wait.UntilAsync(() => server.Requests.Count > 2, () => "no request");

        await AssertInterruptedAsync(command);
        Assert.Empty(Directory.EnumerateFileSystemEntries(directory.Path));
    }

    [Fact]
    public async Task Command_SignalWhileItsServiceStarts_LeavesNothing()
    {
        using var directory = new TempDirectory();
        using var command = Start(directory, "--binary", EdgeBinary.Path, "--warm-up", "600");
        await Wait.UntilAsync(
            () => Directory.GetDirectories(directory.Path, "edge-load-*").Length > 0,
            () => "no directory of a service"
        );

        await AssertInterruptedAsync(command);
        Assert.Empty(Directory.EnumerateFileSystemEntries(directory.Path));
    }

    /// <summary>The load test as a process of its own, whose files are all in the directory.</summary>
    private static Process Start(TempDirectory directory, params string[] arguments)
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [typeof(CommandLine).Assembly.Location, "pixel", "--report", directory["report"], .. arguments]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TMPDIR"] = directory.Path;
        // Without it the runtime leaves a socket for debuggers there while it runs.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        return Process.Start(start)!;
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);

    private static async Task AssertInterruptedAsync(Process command)
    {
        const int Sigterm = 15;
        Assert.Equal(0, Kill(command.Id, Sigterm));
        var error = await command.StandardError.ReadToEndAsync();
        await command.WaitForExitAsync();
        Assert.Equal("load test: interrupted before anything was measured\n", error);
        Assert.Equal(2, command.ExitCode);
    }

    [Fact]
    public async Task Command_KeyThatIsRefused_SaysSoAndSendsNothingMore()
    {
        var received = 0;
        using var server = new StubServer(request =>
        {
            Interlocked.Add(ref received, request.StartsWith("POST ", StringComparison.Ordinal) ? 1 : 0);
            return request.StartsWith("GET /ledger ", StringComparison.Ordinal)
                ? LedgerServer.Ledger(0)
                : StubServer.Answer("401 Unauthorized", """{"error":"invalid_api_key"}""");
        });

        var (exitCode, _, error) = await RunAsync([
            "track",
            "--url",
            $"{server.Address}",
            "--key",
            "sk_live_x_y",
            .. Quick,
        ]);

        Assert.Equal(2, exitCode);
        Assert.Contains("the key is refused (HTTP 401)", error, StringComparison.Ordinal);
        Assert.DoesNotContain("sk_live_x_y", error, StringComparison.Ordinal);
        Assert.Equal(1, received);
    }

    [Fact]
    public async Task Command_ServerThatKeepsWhatItAcknowledges_PassesAndMarksEveryRequest()
    {
        using var directory = new TempDirectory();
        var server = new LedgerServer();
        using (server)
        {
            var (exitCode, output, error) = await RunQuicklyAsync(server.Address, directory.Path, "pixel");

            Assert.Equal("", error);
            Assert.Equal(0, exitCode);
            Assert.EndsWith("PASSED\n", output, StringComparison.Ordinal);
        }

        Assert.All(
            server.Requests,
            static request => Assert.Contains("\r\nEdge-Synthetic: 1\r\n", request, StringComparison.Ordinal)
        );
        Assert.True(server.Requests.Count > 100);
        // Every reader is another one.
        Assert.Equal(
            server.Requests.Count,
            server.Requests.Select(static request => request.Split('\r')[0]).Distinct().Count()
        );
        var page = await File.ReadAllTextAsync(directory["report.html"]);
        Assert.Contains("name=\"viewport\"", page, StringComparison.Ordinal);
        Assert.Contains("<svg ", page, StringComparison.Ordinal);
        Assert.DoesNotContain("src=", page, StringComparison.Ordinal);
        Assert.DoesNotContain("href=", page, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
        Assert.True(File.Exists(directory["report.md"]));
    }

    [Fact]
    public async Task Command_ServerThatLosesWhatItAcknowledges_Fails()
    {
        using var directory = new TempDirectory();
        using var server = new LedgerServer { LosesEvery = 10 };

        var (exitCode, output, _) = await RunQuicklyAsync(server.Address, directory.Path, "pixel");

        Assert.Equal(1, exitCode);
        Assert.Contains("acknowledged events are neither stored nor dropped", output, StringComparison.Ordinal);
        Assert.Contains("| lost<=0 |", output, StringComparison.Ordinal);
        Assert.EndsWith("FAILED\n", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GIF89a")]
    [InlineData("")]
    public async Task Command_AnswersOfSuccessThatAreWrong_Fails(string body)
    {
        using var directory = new TempDirectory();
        using var server = new LedgerServer { WrongEvery = 20, WrongAnswer = StubServer.Answer("200 OK", body) };

        var (exitCode, output, _) = await RunAsync([
            "pixel",
            "--url",
            $"{server.Address}",
            "--report",
            directory.Path,
            .. Quick,
            "--threshold",
            "errors<=100%",
        ]);

        Assert.Equal(1, exitCode);
        Assert.Contains("answers of success were wrong", output, StringComparison.Ordinal);
        Assert.Contains($"pixel: {body.Length} bytes instead of the GIF", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_Refusals_AreCountedByReasonAndBreakTheThreshold()
    {
        using var directory = new TempDirectory();
        using var server = new LedgerServer
        {
            WrongEvery = 20,
            WrongAnswer = StubServer.Answer("429 Too Many Requests", ""),
        };

        var (exitCode, output, _) = await RunQuicklyAsync(server.Address, directory.Path, "pixel");

        Assert.Equal(1, exitCode);
        Assert.Matches(@"Events: sent [^.]* \d+ refused \(HTTP 429\)", output);
        Assert.DoesNotContain("CONTRADICTIONS", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_BaselineThatWasFaster_FailsAndSlowerPasses()
    {
        using var directory = new TempDirectory();
        using var server = new LedgerServer();
        string[] arguments =
        [
            "pixel",
            "--url",
            $"{server.Address}",
            "--report",
            directory["now"],
            .. Quick,
            "--baseline",
            directory["then.json"],
            "--baseline-ratio",
            "5",
        ];
        _ = await RunQuicklyAsync(server.Address, directory.Path, "pixel");
        var report = JsonNode.Parse(await File.ReadAllTextAsync(directory["report.json"]))!;
        var (p50, p99, p999) = (Of("p50"), Of("p99"), Of("p999"));
        await WriteAsync(1_000);

        var slower = await RunAsync(arguments);
        await WriteAsync(0.000_1);
        var faster = await RunAsync(arguments);

        Assert.Equal(0, slower.ExitCode);
        Assert.Equal(1, faster.ExitCode);
        Assert.Matches(@"\| p99 \|.*FAILED", faster.Output);

        double Of(string name) => report["latency"]![name]!.GetValue<double>();

        Task WriteAsync(double times)
        {
            (report["latency"]!["p50"], report["latency"]!["p99"], report["latency"]!["p999"]) = (
                p50 * times,
                p99 * times,
                p999 * times
            );
            return File.WriteAllTextAsync(directory["then.json"], report.ToJsonString());
        }
    }

    [Theory]
    [InlineData("mixed", "1")]
    [InlineData("mixed", "2")]
    [InlineData("outage", "1")]
    public async Task Command_WithoutAddress_AccountsForEveryEventOfAServiceOfItsOwn(string scenario, string version)
    {
        using var directory = new TempDirectory();

        var (exitCode, output, error) = await RunAsync([
            scenario,
            "--binary",
            EdgeBinary.Path,
            "--http",
            version,
            "--rate",
            "200",
            "--minutes",
            "0.06",
            "--timeout",
            "110",
            "--warm-up",
            "0.5",
            "--threshold",
            "rate>=1%",
            "--threshold",
            "p99<=60s",
            "--report",
            directory.Path,
        ]);

        Assert.Equal("", error);
        Assert.True(exitCode == 0, output);
        var report = JsonNode.Parse(await File.ReadAllTextAsync(directory["report.json"]))!;
        Assert.True(report["forwarded"]!["acknowledged"]!.GetValue<long>() > 500);
        Assert.Equal(0, report["forwarded"]!["missing"]!.GetValue<long>());
        Assert.Equal(report["ledger"]!["stored"]!.GetValue<long>(), report["forwarded"]!["events"]!.GetValue<long>());
        Assert.Equal(0, report["ledger"]!["unconfirmed"]!.GetValue<long>());
    }

    [Theory]
    [InlineData("1", "HTTP/1.1")]
    [InlineData("2", "HTTP/2")]
    public async Task Command_OverTls_SpeaksTheVersionAndChecksTheCertificate(string version, string protocol)
    {
        using var directory = new TempDirectory();
        var protocols = new ConcurrentDictionary<string, int>();
        await using var server = await KestrelAsync(static listen => listen.UseHttps(Certificate()), protocols);
        string[] arguments =
        [
            "pixel",
            "--url",
            server.Urls.Single(),
            "--http",
            version,
            "--report",
            directory.Path,
            .. Quick,
        ];

        var trusting = await RunAsync([.. arguments, "--insecure"]);
        var careful = await RunAsync(arguments);

        Assert.True(trusting.ExitCode == 0, trusting.Output + trusting.Error);
        Assert.Equal([protocol], protocols.Keys);
        Assert.True(protocols[protocol] > 100);
        Assert.Equal(2, careful.ExitCode);
        Assert.Contains("certificate", careful.Error, StringComparison.Ordinal);
        Assert.Contains("--insecure", careful.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_Http2WithPagesOfHttp1_ReadsThem()
    {
        using var directory = new TempDirectory();
        var protocols = new ConcurrentDictionary<string, int>();
        await using var server = await KestrelAsync(
            static listen => listen.Protocols = HttpProtocols.Http2,
            protocols
        );
        using var pages = new StubServer(_ => LedgerServer.Ledger(protocols.Values.Sum()));

        var (exitCode, output, error) = await RunAsync([
            "pixel",
            "--url",
            server.Urls.Single(),
            "--admin-url",
            $"{pages.Address}",
            "--http",
            "2",
            "--report",
            directory.Path,
            .. Quick,
        ]);

        Assert.Equal("", error);
        Assert.True(exitCode == 0, output);
        Assert.Contains("| lost<=0 | 0 | passed |", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("latency", null, "is no report.json")]
    [InlineData("scenario", "click", "they do not compare")]
    [InlineData("simulations", "inject 5 60s", "they do not compare")]
    public async Task Command_BaselineThatDoesNotCompare_IsRefused(string member, string? value, string problem)
    {
        using var directory = new TempDirectory();
        using var server = new LedgerServer();
        string[] arguments = ["pixel", "--url", $"{server.Address}", "--report", directory.Path, .. Quick];
        _ = await RunAsync(arguments);
        var report = JsonNode.Parse(await File.ReadAllTextAsync(directory["report.json"]))!;
        report[member] = member == "simulations" ? new JsonArray(value) : value;
        await File.WriteAllTextAsync(directory["then.json"], report.ToJsonString());

        var (exitCode, _, error) = await RunAsync([.. arguments, "--baseline", directory["then.json"]]);

        Assert.Equal(2, exitCode);
        Assert.Contains(problem, error, StringComparison.Ordinal);
    }

    /// <summary>
    /// Kestrel, which answers pixels, counts them by protocol, and has a ledger of them.
    /// </summary>
    private static async Task<WebApplication> KestrelAsync(
        Action<ListenOptions> configure,
        ConcurrentDictionary<string, int> protocols
    )
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, configure));
        var app = builder.Build();
        app.MapGet(
            "/s/{slug}/pixel.gif",
            (HttpContext context) =>
            {
                protocols.AddOrUpdate(context.Request.Protocol, 1, static (_, count) => count + 1);
                return Results.Bytes(Encoding.ASCII.GetBytes("GIF89a".PadRight(43)), "image/gif");
            }
        );
        app.MapGet("/s/{slug}/resolve", static () => "{}");
        app.MapGet(
            "/ledger",
            () => Results.Text(LedgerServer.Text(protocols.Values.Sum()), "application/json")
        );
        await app.StartAsync();
        return app;
    }

    /// <summary>A certificate that nobody has signed.</summary>
    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    /// <summary>A short run against a server, with its report in a directory.</summary>
    private static Task<(int ExitCode, string Output, string Error)> RunQuicklyAsync(
        Uri server,
        string report,
        string scenario,
        params string[] options
    ) => RunAsync([scenario, "--url", $"{server}", .. options, "--report", report, .. Quick]);

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var exitCode = await CommandLine.RunAsync(arguments, output, error);
        return (exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Answers pixels and counts them in a ledger.</summary>
    private sealed class LedgerServer : IDisposable
    {
        private readonly StubServer _server;
        private int _pixels;
        private int _stored;
        private int _ledgers;

        public LedgerServer() => _server = new StubServer(AnswerTo);

        /// <summary>Of so many events one is not stored; 0 for none.</summary>
        public int LosesEvery { get; init; }

        /// <summary>
        /// Of so many requests one is answered by <see cref="WrongAnswer"/>, and not stored; 0 for none.
        /// </summary>
        public int WrongEvery { get; init; }

        public byte[] WrongAnswer { get; init; } = [];

        /// <summary>How often the ledger may be read.</summary>
        public int LedgersMax { get; init; } = int.MaxValue;

        public Uri Address => _server.Address;

        /// <summary>The requests for pixels.</summary>
        public ConcurrentBag<string> Requests { get; } = [];

        public static byte[] Ledger(int stored) => StubServer.Answer("200 OK", Text(stored));

        public static string Text(int stored) =>
            string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"stored":{{stored}},"in_flight":0,"received":{{stored}},"dropped":{"journal_full":0},"sinks":[]}"""
            );

        public void Dispose() => _server.Dispose();

        private byte[] AnswerTo(string request)
        {
            if (request.StartsWith("GET /ledger ", StringComparison.Ordinal))
            {
                return Interlocked.Increment(ref _ledgers) <= LedgersMax
                    ? Ledger(Volatile.Read(ref _stored))
                    : StubServer.Answer("503 Service Unavailable", "");
            }

            if (request.StartsWith("GET /s/demo-ab/resolve?", StringComparison.Ordinal))
            {
                return StubServer.Answer("200 OK", "{}");
            }

            if (request.Contains("/resolve?", StringComparison.Ordinal) || !request.StartsWith("GET /s/", StringComparison.Ordinal))
            {
                return StubServer.Answer("404 Not Found", "");
            }

            Requests.Add(request);
            var number = Interlocked.Increment(ref _pixels);
            if (WrongEvery > 0 && number % WrongEvery == 0)
            {
                return WrongAnswer;
            }

            _ = LosesEvery > 0 && number % LosesEvery == 0 ? 0 : Interlocked.Increment(ref _stored);
            return StubServer.Gif;
        }
    }
}
