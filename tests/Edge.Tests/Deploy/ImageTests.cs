using System.Diagnostics;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Deploy;

/// <summary>
/// The image that <c>tools/image/build.sh</c> has built from <c>Dockerfile.aot</c> in the directory <c>EDGE_IMAGE</c>;
/// <c>make test-image</c> builds it and runs these tests.
/// </summary>
[Trait("Category", "Image")]
public sealed class ImageTests
{
    /// <summary>A user that is neither root nor the image's own.</summary>
    private const string Somebody = "4242:4242";

    /// <summary>Unpacked, with the libraries of the local base image. What is pulled is less than half of it.</summary>
    private const long BytesMax = 46L << 20;

    [Fact]
    public void Files_AreOneProgramAndWhatItReads()
    {
        var root = Path.Combine(Image, "files");
        var files = Directory
            .GetFiles(root, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Select(static file => new FileInfo(file))
            .Where(static file => file.LinkTarget is null)
            .ToArray();

        Assert.Equal(["edge"], Directory.GetFiles(Path.Combine(root, "usr/bin")).Select(Path.GetFileName));
        Assert.InRange(files.Sum(static file => file.Length), 1, BytesMax);
        Assert.DoesNotContain(files, static file => (file.UnixFileMode & (UnixFileMode.SetUser | UnixFileMode.SetGroup)) != 0);
        Assert.All(
            [
                "usr/share/zoneinfo/Europe/Berlin",
                "etc/ssl/certs/ca-certificates.crt",
                "usr/share/edge/country.mmdb",
                "usr/share/edge/country.mmdb.ATTRIBUTION.txt",
                "usr/share/doc/edge/LICENSE",
                "usr/share/doc/edge/sbom.cdx.json",
                "usr/share/doc/edge/THIRD-PARTY-NOTICES.md",
            ],
            file => Assert.True(File.Exists(Path.Combine(root, file)), file)
        );
    }

    [Fact]
    public void Configuration_IsAServiceThatIsNotRootWithOneVolumeAndAHealthCheck()
    {
        var docker = Configuration();

        Assert.Equal("1654:1654", docker.GetProperty("User").GetString());
        Assert.Equal(["/usr/bin/edge", "serve"], Texts(docker.GetProperty("Entrypoint")));
        Assert.Equal(["CMD", "/usr/bin/edge", "healthcheck"], Texts(docker.GetProperty("Healthcheck").GetProperty("Test")));
        Assert.Equal(["/data"], docker.GetProperty("Volumes").EnumerateObject().Select(static volume => volume.Name));
        Assert.Equal("SIGTERM", docker.GetProperty("StopSignal").GetString());
        var labels = docker.GetProperty("Labels");
        Assert.Equal("Edge", labels.GetProperty("org.opencontainers.image.title").GetString());
        Assert.Matches("^[0-9a-f]{40}$", labels.GetProperty("org.opencontainers.image.revision").GetString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ReadOnlyAsAnotherUser_ServesIsHealthyOnItsOwnPortAndStops(bool hasAdmin)
    {
        using var data = new TempDirectory();
        await ChownAsync(data.Path);
        var address = new Uri($"http://127.0.0.1:{EdgeProcess.FreePort()}");
        var admin = hasAdmin ? new Uri($"http://127.0.0.1:{EdgeProcess.FreePort()}") : null;
        (string Name, string Value)[] environment =
        [
            .. Texts(Configuration().GetProperty("Env")).Select(static pair => pair.Split('=', 2)).Select(static pair => (pair[0], pair[1])),
            ("EDGE__URLS", address.ToString()),
            ("EDGE__ADMINURLS", admin?.ToString() ?? ""),
            ("EDGE__CLIENTADDRESS__TRUSTEDPROXIES", "127.0.0.1"),
            ("EDGE_IMAGE_DATA", data.Path),
            ("EDGE_IMAGE_USER", Somebody),
        ];

        Assert.Equal(1, await HealthAsync(environment));
        await using var edge = await EdgeProcess.StartAsync(
            "/data",
            environment: environment,
            admin: admin,
            address: address,
            binary: Binary
        );
        using var request = new HttpRequestMessage(HttpMethod.Get, "/s/demo-ab/pixel.gif?u=image");
        request.Headers.Add("X-Forwarded-For", "141.1.1.1");
        var pixel = await edge.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(43, (await pixel.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).Length);
        var stored = await Forwarded.WaitForAsync(data.Path, static line => line.Text("type") == "impression");
        Assert.Matches("^[A-Z]{2}$", stored.Text("country"));
        Assert.Equal(0, await HealthAsync(environment));
        Assert.Equal(0, await edge.StopAsync());
        Assert.Equal(1, await HealthAsync(environment));
    }

    private static string Image
    {
        get
        {
            var directory = Environment.GetEnvironmentVariable("EDGE_IMAGE");
            Assert.SkipWhen(string.IsNullOrEmpty(directory), "needs the image: run make test-image");
            return directory;
        }
    }

    private static string Binary => Path.Combine(Repository.Root, "tools/image/edge");

    /// <summary>What the image says of itself, in Docker's words.</summary>
    private static JsonElement Configuration() =>
        JsonDocument
            .Parse(File.ReadAllText(Path.Combine(Image, "image.json")))
            .RootElement.GetProperty("Docker")
            .GetProperty("config");

    private static IEnumerable<string> Texts(JsonElement array) =>
        array.EnumerateArray().Select(static text => text.GetString()!);

    /// <summary>Runs the health check in a container of its own, as the engine does in the one that serves.</summary>
    private static async Task<int> HealthAsync((string Name, string Value)[] environment) =>
        (await EdgeProcess.RunAsync(["healthcheck"], environment, binary: Binary)).ExitCode;

    private static async Task ChownAsync(string directory)
    {
        using var chown = Process.Start("chown", [Somebody, directory]);
        await chown.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, chown.ExitCode);
    }
}
