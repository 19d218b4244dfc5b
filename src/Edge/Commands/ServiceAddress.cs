using System.CommandLine;
using Edge.Settings;

namespace Edge.Commands;

/// <summary>Where a command finds the running service.</summary>
internal static class ServiceAddress
{
    private const string Example = "http://127.0.0.1:8080";

    public static Option<string> Option() =>
        new("--url")
        {
            HelpName = "URL",
            Description = "Address of health and metrics; without it the configured one (adminUrls, else urls).",
        };

    /// <summary>
    /// The given address, or the first configured one that serves health, metrics and ledger; null when the given one
    /// is not an http address.
    /// </summary>
    public static Uri? Of(EdgeOptions options, string? url)
    {
        var address = url ?? Configured(options);
        return Uri.TryCreate(address, UriKind.Absolute, out var target) && target.Scheme == Uri.UriSchemeHttp
            ? target
            : null;
    }

    /// <summary>What is wrong with an address for which there is none.</summary>
    public static string Problem(string? url) => $"'{url}' is not an http address; give --url {Example}";

    /// <summary>One that this machine can call: what listens everywhere listens on loopback.</summary>
    private static string Configured(EdgeOptions options)
    {
        var urls = EdgeConfiguration.SplitUrls(options.AdminUrls) is [_, ..] admin
            ? admin
            : EdgeConfiguration.SplitUrls(options.Urls);
        return urls[0]
            .Replace("//*", "//127.0.0.1", StringComparison.Ordinal)
            .Replace("//+", "//127.0.0.1", StringComparison.Ordinal)
            .Replace("//0.0.0.0", "//127.0.0.1", StringComparison.Ordinal)
            .Replace("//[::]", "//127.0.0.1", StringComparison.Ordinal);
    }
}
