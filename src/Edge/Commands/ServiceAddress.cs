using System.CommandLine;
using Edge.Settings;

namespace Edge.Commands;

/// <summary>Where a command finds the running service.</summary>
/// <param name="Uri">Its address; <c>localhost</c> when it is reached through a socket file.</param>
/// <param name="SocketPath">The socket file; null for TCP.</param>
/// <param name="IsConfigured">Whether the settings name it, so that it is this machine's.</param>
internal sealed record ServiceAddress(Uri Uri, string? SocketPath, bool IsConfigured)
{
    private const string Example = "http://127.0.0.1:8080";
    private const string UnixPrefix = "http://unix:";

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
    public static ServiceAddress? Of(EdgeOptions options, string? url) =>
        Of(options.AdminUrls.Length > 0 ? options.AdminUrls : options.Urls, url);

    /// <summary>
    /// The given address, or the first configured one that serves visitors; null when the given one is not an http
    /// address.
    /// </summary>
    public static ServiceAddress? OfPublic(EdgeOptions options, string? url) => Of(options.Urls, url);

    /// <summary>
    /// The given address, or the first configured one that serves the management API; null when the given one is not an
    /// http address.
    /// </summary>
    public static ServiceAddress? OfManagement(EdgeOptions options, string? url) =>
        Of(options.ApiListener == ManagementListener.Admin ? options.AdminUrls : options.Urls, url);

    /// <summary>What is wrong with an address for which there is none.</summary>
    public static string Problem(string? url) =>
        url?.Contains('@') is true
            ? $"an address has no user and password, which the service would not ask for; give --url {Example}"
            : $"'{url}' is not an http address; give --url {Example}";

    /// <summary>
    /// Whether it is this machine's, so that the certificate need not be asked for: it names the host that visitors ask
    /// for, and nobody stands in between.
    /// </summary>
    public bool IsThisMachine => IsConfigured || Uri.IsLoopback;

    public override string ToString() => SocketPath is null ? Uri.ToString() : UnixPrefix + SocketPath;

    private static ServiceAddress? Of(string configured, string? url)
    {
        // A socket file has no path of its own to ask for, so it is an address to listen on like any other.
        if (url is null || url.StartsWith(UnixPrefix, StringComparison.OrdinalIgnoreCase))
        {
            return ListenAddress.ParseAll(url ?? configured) is [var first, ..]
                ? new ServiceAddress(first.Loopback, first.SocketPath, url is null)
                : null;
        }

        return Uri.TryCreate(url, UriKind.Absolute, out var target)
            && (target.Scheme == Uri.UriSchemeHttp || target.Scheme == Uri.UriSchemeHttps)
            && target.UserInfo.Length == 0
            ? new ServiceAddress(target, null, IsConfigured: false)
            : null;
    }
}
