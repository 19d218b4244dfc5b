using Edge.Tests.BlackBox;

namespace Edge.Tests.Browser;

/// <summary>
/// One native binary, somebody's website that loads its client, and a real browser, for all tests of a class.
/// </summary>
public sealed class BrowsedEdge : ManagedEdge
{
    private readonly Chromium _chromium = new();

    internal Site Site { get; } = new();

    /// <summary>Marks events of experiments as the owner's.</summary>
    internal string WriteKey { get; private set; } = "";

    /// <summary>For <c>track</c> on the site's own origin.</summary>
    internal string TrackKey { get; private set; } = "";

    /// <summary>For <c>track</c> on an origin that is not the site's.</summary>
    internal string ForeignKey { get; private set; } = "";

    /// <summary>For Traffical's client.</summary>
    internal string TrafficalKey { get; private set; } = "";

    /// <summary>Opens a page of the site in a fresh browser profile, with both keys.</summary>
    /// <param name="tag">More attributes of the script tag.</param>
    /// <param name="before">A script that runs before all others of the page.</param>
    internal async Task<Page> OpenAsync(string tag = "", string before = "")
    {
        var page = await _chromium.OpenAsync(before);
        await page.GoToAsync(Site.PageWith(Edge.Address, $"data-write-key={WriteKey} data-key={TrackKey} {tag}"));
        return page;
    }

    /// <summary>An empty page in a fresh browser profile.</summary>
    internal Task<Page> OpenEmptyAsync() => _chromium.OpenAsync();

    public override async ValueTask DisposeAsync()
    {
        await _chromium.DisposeAsync();
        await Site.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>Results are asked for until they are there.</summary>
    protected override (string Name, string Value)[] Settings => [("EDGE__API__REQUESTSPERMINUTE", "1000000")];

    protected override async Task PrepareAsync()
    {
        WriteKey = await CreateKeyAsync("write");
        TrackKey = await CreateKeyAsync("millimetric-pk", "--origin", Site.Origin);
        ForeignKey = await CreateKeyAsync("millimetric-pk", "--origin", "https://shop.example");
        TrafficalKey = await CreateKeyAsync("traffical", "--scope", "sdk:write");
        await _chromium.InitializeAsync();
    }
}
