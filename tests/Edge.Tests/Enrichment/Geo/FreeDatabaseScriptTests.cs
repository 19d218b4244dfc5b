using System.Diagnostics;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Enrichment.Geo;

/// <summary>The script behind <c>make run</c>, where the packages that it needs are missing.</summary>
public class FreeDatabaseScriptTests
{
    [Fact]
    public async Task Script_WithoutItsData_SaysWhatWouldAddCountriesAndInstallsNothing()
    {
        using var directory = new TempDirectory();
        foreach (var installer in new[] { "apt-get", "dpkg", "sudo" })
        {
            await File.WriteAllTextAsync(directory[installer], $"#!/bin/sh\ntouch {directory["installed"]}\n");
            File.SetUnixFileMode(directory[installer], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        var start = new ProcessStartInfo(
            Path.Combine(Repository.Root, "geoip", "build-free.sh"),
            [directory["country.mmdb"]]
        )
        {
            RedirectStandardError = true,
            Environment =
            {
                ["PATH"] = $"{directory.Path}:{Environment.GetEnvironmentVariable("PATH")}",
                ["TOR_GEOIP_DIR"] = directory["nowhere"],
            },
        };
        using var script = Process.Start(start)!;
        var error = await script.StandardError.ReadToEndAsync();
        await script.WaitForExitAsync();

        Assert.Equal(1, script.ExitCode);
        Assert.Contains("apt-get install tor-geoipdb", Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
        Assert.False(File.Exists(directory["installed"]));
        Assert.False(File.Exists(directory["country.mmdb"]));
    }
}
