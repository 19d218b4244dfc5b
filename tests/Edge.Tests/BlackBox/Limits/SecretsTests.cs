using System.Text.RegularExpressions;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox.Limits;

/// <summary>What others on the machine can see of a node's secrets: nothing, whatever the umask is.</summary>
public class SecretsTests
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerEnters = OwnerOnly | UnixFileMode.UserExecute;

    private const UnixFileMode WritableByOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    [Theory]
    [InlineData("000", "daily", "address-salt")]
    [InlineData("000", "ratchet", "address-ratchet")]
    [InlineData("777", "ratchet", "address-ratchet")]
    public async Task Secrets_MadeWithAnyUmask_AreTheirOwnersAlone(string umask, string hash, string secret)
    {
        using var directory = new TempDirectory();
        var data = directory["data"];
        var binary = LimitedEdge.Script(directory, $"umask {umask}; ulimit -c unlimited 2>/dev/null");
        await using var edge = await EdgeProcess.StartAsync(
            data,
            environment: [("EDGE__PRIVACY__ADDRESSHASH", hash)],
            binary: binary
        );

        // The first key is issued once the service is ready.
        await Wait.UntilAsync(() => File.Exists(Path.Combine(data, "keys.json")), () => "no keys.json");
        Assert.Equal(OwnerEnters, File.GetUnixFileMode(data));
        Assert.Equal(OwnerEnters, File.GetUnixFileMode(Path.Combine(data, "keys")));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Combine(data, "keys.json")));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Combine(data, "keys", secret)));
        Assert.Matches(@"Max core file size\s+0\s+0\s", await File.ReadAllTextAsync($"/proc/{edge.Pid}/limits"));
        Assert.Equal(0, await edge.StopAsync());
        Assert.DoesNotContain(
            Directory.EnumerateFileSystemEntries(data, "*", SearchOption.AllDirectories),
            file => (File.GetUnixFileMode(file) & WritableByOthers) != 0
        );
        Assert.DoesNotContain("\"eventId\":107", await edge.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CoreDumps_Configured_AreLeftAsTheyAre()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(data.Path, environment: [("EDGE__COREDUMPS", "true")]);

        var own = Regex.Match(await File.ReadAllTextAsync("/proc/self/limits"), @"Max core file size\s+\S+\s+(\S+)");
        Assert.Matches(
            $@"Max core file size\s+\S+\s+{own.Groups[1].Value}\s",
            await File.ReadAllTextAsync($"/proc/{edge.Pid}/limits")
        );
    }

    [Fact]
    public async Task Secrets_OpenToOthers_AreReportedAndStay()
    {
        using var data = new TempDirectory();
        await EdgeProcess.RunAsync(["keys", "create", "--kind", "pictify", "--data-dir", data.Path]);
        File.SetUnixFileMode(data["keys.json"], OwnerOnly | UnixFileMode.GroupRead);
        Directory.CreateDirectory(data["experiments"]);
        File.SetUnixFileMode(data["experiments"], OwnerEnters | WritableByOthers);

        var check = await EdgeProcess.RunAsync(["check", "--data-dir", data.Path]);
        await using var edge = await EdgeProcess.StartAsync(data.Path, []);
        await edge.StopAsync();

        Assert.Equal(0, check.ExitCode);
        Assert.Contains("keys.json: has mode 0640", check.Output, StringComparison.Ordinal);
        Assert.Contains("experiments: has mode 0722", check.Output, StringComparison.Ordinal);
        Assert.Contains("chmod 0600", await edge.Error, StringComparison.Ordinal);
        Assert.Equal(OwnerOnly | UnixFileMode.GroupRead, File.GetUnixFileMode(data["keys.json"]));
    }
}
