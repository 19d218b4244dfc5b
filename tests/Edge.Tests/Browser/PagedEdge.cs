using System.Text.Json;
using Edge.Tests.BlackBox;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>One native binary with its page at <c>/ui/</c> and a real browser, for all tests of a class.</summary>
public class PagedEdge : ManagedEdge
{
    private readonly Chromium _chromium = new();

    /// <summary>May look and change nothing.</summary>
    internal string ReadKey { get; private set; } = "";

    /// <summary>For events of experiments.</summary>
    internal string WriteKey { get; private set; } = "";

    /// <summary>Opens the page in a fresh browser profile and signs in with the key, as a person would.</summary>
    /// <param name="key">The key that is typed; by default the one for everything.</param>
    /// <param name="look">Size and colours.</param>
    internal async Task<View> SignInAsync(string? key = null, Look? look = null)
    {
        var view = await OpenAsync("ui/", look);
        await view.SignInAsync(key ?? Key);
        return view;
    }

    /// <summary>Opens an address of Edge in a fresh browser profile.</summary>
    internal Task<View> OpenAsync(string path, Look? look = null) => View.OpenAsync(_chromium, Edge.Address, path, look);

    /// <summary>Creates an experiment and returns its slug.</summary>
    internal async Task<string> StoreAsync(object definition, params string[] actions)
    {
        var created = await SendAsync("POST", "", JsonSerializer.Serialize(definition));
        Assert.True(created.Status == 201, created.Json.ToString());
        var slug = created.Text("slug");
        foreach (var action in actions)
        {
            Assert.Equal(200, (await SendAsync("POST", $"/{slug}/{action}")).Status);
        }

        return slug;
    }

    /// <summary>One request of a reader's mail program or browser.</summary>
    internal async Task<string> VisitAsync(string path, string userAgent = Visitors.Firefox)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("User-Agent", userAgent);
        using var response = await Edge.Client.SendAsync(request);
        return await response.Content.ReadAsStringAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await _chromium.DisposeAsync();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>The page asks as often as somebody types; experiments of long ago have no traffic.</summary>
    protected override (string Name, string Value)[] Settings =>
        [("EDGE__API__REQUESTSPERMINUTE", "1000000"), ("EDGE__ALERTS__NOTRAFFICHOURS", "0")];

    protected override async Task PrepareAsync()
    {
        ReadKey = await CreateKeyAsync("pictify-read");
        WriteKey = await CreateKeyAsync("write");
        await _chromium.InitializeAsync();
    }
}

/// <summary>User agents of visitors.</summary>
internal static class Visitors
{
    public const string Firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

    public const string IPhone =
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";

    public const string Robot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
}

/// <summary>How somebody looks at a page: width and height in CSS pixels, and the colours the system asks for.</summary>
internal sealed record Look(int Width, int Height, bool IsDark)
{
    public static readonly Look Desktop = new(1280, 900, IsDark: false);

    public static readonly Look Dark = Desktop with { IsDark = true };

    public static readonly Look Phone = new(360, 740, IsDark: false);
}
