using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Deploy;

/// <summary>What <c>make dist</c> packs, without building the binary anew.</summary>
public class ReleaseTests
{
    private const string Node = "/usr/bin/node";

    [Fact]
    public async Task Archive_PackedTwice_IsTheSameBytes()
    {
        SkipWithoutNode();
        using var site = new TempDirectory();
        foreach (var directory in new[] { "one", "two" })
        {
            await RunAsync(
                Path.Combine(Repository.Root, "tools/dist/archive.sh"),
                ["1.2.3", "amd64", EdgeBinary.Path, site[directory]]
            );
        }

        const string Archive = "edge-1.2.3-linux-amd64.tar.gz";
        Assert.Equal(await File.ReadAllBytesAsync(site["one", Archive]), await File.ReadAllBytesAsync(site["two", Archive]));
        await using var unzipped = new GZipStream(File.OpenRead(site["one", Archive]), CompressionMode.Decompress);
        await using var tar = new TarReader(unzipped);
        var names = new List<string>();
        while (await tar.GetNextEntryAsync() is { } entry)
        {
            Assert.Equal((0, 0), (entry.Uid, entry.Gid));
            names.Add(entry.Name.TrimEnd('/'));
        }

        Assert.All(
            ["edge", "LICENSE", "THIRD-PARTY-NOTICES.md", "sbom.cdx.json", "deploy/systemd/edge.service"],
            name => Assert.Contains("edge-1.2.3-linux-amd64/" + name, names)
        );
    }

    [Fact]
    public async Task BillOfMaterials_HasEveryPackageOfTheBinaryAndItsHash()
    {
        SkipWithoutNode();
        var output = await RunAsync(Node, [Path.Combine(Repository.Root, "tools/dist/sbom.mjs"), "1.2.3", Repository.Root]);

        var bom = JsonDocument.Parse(output).RootElement;

        Assert.Equal(("CycloneDX", "1.6"), (bom.Text("bomFormat"), bom.Text("specVersion")));
        var components = bom.GetProperty("components").EnumerateArray().ToDictionary(static one => one.Text("name"));
        string[] bundled =
        [
            "Microsoft.NETCore.App.Runtime",
            "Microsoft.FASTER.Core",
            "Npgsql",
            "System.CommandLine",
            "System.IO.Hashing",
            "uap-core",
            "preact",
            "uplot",
            "lean-qr",
        ];
        Assert.All(bundled, name => Assert.Contains(name, components.Keys));
        Assert.DoesNotContain("esbuild", components.Keys);
        Assert.DoesNotContain("Microsoft.DotNet.ILCompiler", components.Keys);
        Assert.Equal("PostgreSQL", components["Npgsql"].GetProperty("licenses")[0].GetProperty("license").Text("id"));
        Assert.Equal(128, components["Npgsql"].GetProperty("hashes")[0].Text("content").Length);
    }

    [Fact]
    public async Task BillOfMaterials_OfTheBuildWithKafka_HasItsClientToo()
    {
        SkipWithoutNode();
        var output = await RunAsync(Node, [Path.Combine(Repository.Root, "tools/dist/sbom.mjs"), "1.2.3", Repository.Root, "kafka"]);

        var components = JsonDocument
            .Parse(output)
            .RootElement.GetProperty("components")
            .EnumerateArray()
            .ToDictionary(static one => one.Text("name"));

        Assert.Equal("Apache-2.0", LicenceOf("Confluent.Kafka"));
        Assert.Equal("BSD-2-Clause", LicenceOf("librdkafka.redist"));
        Assert.Equal("PostgreSQL", LicenceOf("Npgsql"));

        string LicenceOf(string name) => components[name].GetProperty("licenses")[0].GetProperty("license").Text("id");
    }

    private static void SkipWithoutNode() => Assert.SkipUnless(File.Exists(Node), "needs node: apt-get install nodejs");

    private static async Task<string> RunAsync(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await output + await error);
        return await output;
    }
}
