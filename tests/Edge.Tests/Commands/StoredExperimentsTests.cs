using System.Diagnostics;
using Edge.Catalog;
using Edge.Commands;
using Edge.Settings;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Commands;

/// <summary>Experiments that commands are given the slug of.</summary>
public sealed class StoredExperimentsTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Find_BesideFilesThatCannotBeRead_FindsTheOthersAndCountsThem()
    {
        var options = new EdgeOptions { DataDir = _directory.Path };
        DemoExperiments.WriteIfEmpty(options.ExperimentsDir, TimeProvider.System);
        await File.WriteAllBytesAsync(Path.Combine(options.ExperimentsDir, "a-large.json"), new byte[(1 << 20) + 1]);
        var loop = Path.Combine(options.ExperimentsDir, "a-loop.json");
        File.CreateSymbolicLink(loop, loop);
        using (var make = Process.Start("mkfifo", [Path.Combine(options.ExperimentsDir, "a-pipe.json")]))
        {
            await make.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        var found = StoredExperiments.Find(options, "demo-ab", DateTimeOffset.UtcNow, out _);
        var missing = StoredExperiments.Find(options, "nothing", DateTimeOffset.UtcNow, out var refused);

        Assert.Equal("demo-ab", found?.Experiment.Slug);
        Assert.Null(missing);
        Assert.Equal(3, refused);
    }
}
