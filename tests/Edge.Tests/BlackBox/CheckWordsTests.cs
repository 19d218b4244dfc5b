using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Mistakes that are easily made and hard to see, in the words of <c>edge check</c> and <c>edge doctor</c>.</summary>
public sealed class CheckWordsTests : IDisposable
{
    private readonly TempDirectory _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Check_OfAFileNameWithALineFeed_IsOneLine()
    {
        Directory.CreateDirectory(_place["data", "experiments"]);
        await File.WriteAllTextAsync(_place["data", "experiments", "a\nerror: b.json"], "{");

        var (_, output, _) = await EdgeProcess.RunAsync(["check", "--data-dir", _place["data"]]);

        Assert.DoesNotContain("\nerror: b.json", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Variable_WithOneUnderscore_IsSaidByCheckDoctorAndStart()
    {
        (string, string)[] environment = [("EDGE_URLS", "http://127.0.0.1:1")];
        const string Expected = "environment variable EDGE_URLS is no setting and is ignored; did you mean EDGE__URLS?";

        var check = await EdgeProcess.RunAsync(["check", "--data-dir", _place["data"]], environment);
        var doctor = await EdgeProcess.RunAsync(["doctor", "--data-dir", _place["data"]], environment);
        await using var edge = await EdgeProcess.StartAsync(_place["data"], environment: environment);
        await edge.StopAsync();

        Assert.Contains($"warning: settings: {Expected} [environment]\n", check.Output, StringComparison.Ordinal);
        Assert.Contains($"warning: settings: {Expected}\n", doctor.Output, StringComparison.Ordinal);
        Assert.Contains("\"eventId\":119", await edge.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_WithTheServiceOfAnotherDataDirectory_SaysSo()
    {
        await using var edge = await EdgeProcess.StartAsync(_place["data"]);
        (string, string)[] environment = [("EDGE__URLS", edge.Address.GetLeftPart(UriPartial.Authority))];

        var own = await EdgeProcess.RunAsync(["doctor", "--data-dir", _place["data"]], environment);
        var other = await EdgeProcess.RunAsync(["doctor", "--data-dir", _place["other"]], environment);

        Assert.Contains("ok: service: is ready at ", own.Output, StringComparison.Ordinal);
        Assert.Contains("warning: service: is ready at ", other.Output, StringComparison.Ordinal);
        Assert.Contains($"but none has the journal in {_place["other", "journal"]}", other.Output, StringComparison.Ordinal);
    }
}
