using System.Buffers;
using Edge.Experiments;

namespace Edge.Lint;

/// <summary>A host and port at which this service is reached.</summary>
/// <param name="Host">Host name or address, lower case.</param>
/// <param name="Port">Port.</param>
internal readonly record struct OwnHost(string Host, int Port)
{
    /// <summary>The hosts of a list of addresses; a loopback address also stands for the machine's name.</summary>
    public static IReadOnlyList<OwnHost> Of(IEnumerable<Uri> addresses, string machine)
    {
        var hosts = new List<OwnHost>();
        foreach (var address in addresses)
        {
            string[] names = address.Host is "127.0.0.1" or "[::1]" or "localhost"
                ? ["localhost", "127.0.0.1", "[::1]", machine.ToLowerInvariant()]
                : [address.Host.ToLowerInvariant()];
            hosts.AddRange(names.Select(name => new OwnHost(name, address.Port)));
        }
        return hosts;
    }
}

/// <summary>
/// Checks where a link leads: back to this service, where it would redirect in a loop or count twice, or to an
/// unsubscribe page, because mail scanners follow every link and a GET must never unsubscribe anybody. Pure.
/// </summary>
internal static class DestinationLint
{
    private const string GoalPath = "goalConfig.destinationUrl";
    private const string TrackingPrefix = "/s/";

    private static readonly string[] TrackingEnds = ["/click", "/pixel.gif", "/resolve"];

    /// <summary>
    /// Words in the paths and queries of unsubscribe pages, in several languages; compared as whole words.
    /// </summary>
    private static readonly string[] UnsubscribeWords =
    [
        "unsubscribe",
        "list-unsubscribe",
        "unsub",
        "opt-out",
        "optout",
        "opt_out",
        "abmelden",
        "abbestellen",
        "austragen",
        "desabonnement",
        "desinscription",
        "desinscrire",
        "darse-de-baja",
        "cancelar-suscripcion",
        "disiscriviti",
        "afmelden",
        "uitschrijven",
        "wypisz",
    ];

    private static readonly SearchValues<char> WordChars = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789");

    /// <summary>Adds the findings in the destinations, each of which is looked at once.</summary>
    public static void Check(Experiment experiment, IReadOnlyList<OwnHost> hosts, List<Finding> findings)
    {
        var checkedTexts = new HashSet<string>(StringComparer.Ordinal);
        if (experiment.GoalConfig.DestinationUrl is { } shared)
        {
            checkedTexts.Add(shared);
            Check(shared, GoalPath, hosts, findings);
        }
        for (var i = 0; i < experiment.Variants.Count; i++)
        {
            if (experiment.Variants[i].DestinationUrl is { } own && checkedTexts.Add(own))
            {
                Check(own, ExperimentLint.PathOf(i, "destinationUrl"), hosts, findings);
            }
        }
        if (experiment.LinkConfig is { } link)
        {
            foreach (
                var (url, member) in new[]
                {
                    (link.NotStartedUrl, "notStartedUrl"),
                    (link.ExpiredUrl, "expiredUrl"),
                    (link.ExhaustedUrl, "exhaustedUrl"),
                }
            )
            {
                if (url is not null && checkedTexts.Add(url))
                {
                    Check(url, $"linkConfig.{member}", hosts, findings);
                }
            }
            if (link.IsPermanent)
            {
                findings.Add(
                    new Finding(
                        Severity.Note,
                        "permanent_redirect",
                        "linkConfig.redirectStatus",
                        $"is {link.RedirectStatus}: browsers keep it for 90 seconds, in which a repeated click is not counted"
                    )
                );
            }
        }
        CheckDifference(experiment, findings);
    }

    /// <summary>
    /// Notes that every variant leads to one place: right for a test of mails or banners, a mistake in a test of pages.
    /// </summary>
    private static void CheckDifference(Experiment experiment, List<Finding> findings)
    {
        if (experiment.GoalConfig.Type != GoalType.ClickThrough)
        {
            return;
        }
        var places = experiment
            .Variants.Select(variant => Destination.OfStored(experiment.DestinationOf(variant))?.Location)
            .Distinct(StringComparer.Ordinal)
            .Take(2);
        if (places.Count() == 1)
        {
            findings.Add(
                new Finding(
                    Severity.Note,
                    "same_destination",
                    "variants",
                    "all lead to one place; give them a destinationUrl each when the link itself is what differs"
                )
            );
        }
    }

    private static void Check(string text, string path, IReadOnlyList<OwnHost> hosts, List<Finding> findings)
    {
        if (
            Destination.OfStored(text) is not { } destination
            || !Uri.TryCreate(destination.Location, UriKind.Absolute, out var url)
        )
        {
            return;
        }
        if (hosts.Contains(new OwnHost(url.Host.ToLowerInvariant(), url.Port)))
        {
            findings.Add(
                new Finding(
                    Severity.Error,
                    "destination_loop",
                    path,
                    $"leads back to this service ({url.Host}:{url.Port}); use the page that visitors should see"
                )
            );
        }
        else if (IsTrackingLink(url.AbsolutePath))
        {
            findings.Add(
                new Finding(
                    Severity.Warning,
                    "destination_tracking",
                    path,
                    $"looks like a tracking link ({url.AbsolutePath}); if it belongs to this service, it redirects in a loop"
                )
            );
        }
        CheckMacros(text, path, findings);
        var target = Uri.UnescapeDataString(url.PathAndQuery).ToLowerInvariant();
        if (Array.Find(UnsubscribeWords, word => HasWord(target, word)) is { } found)
        {
            findings.Add(
                new Finding(
                    Severity.Warning,
                    "destination_unsubscribe",
                    path,
                    $"contains '{found}': mail scanners follow every link, so opening the page must not unsubscribe anybody"
                )
            );
        }
    }

    /// <summary>Warns of braces that stay as they are: a misspelt macro, or one that is not in the query.</summary>
    private static void CheckMacros(string text, string path, List<Finding> findings)
    {
        var fragment = text.IndexOf('#', StringComparison.Ordinal);
        var query = text.IndexOf('?', StringComparison.Ordinal);
        for (var at = text.IndexOf('{'); at >= 0; at = text.IndexOf('{', at + 1))
        {
            var end = text.IndexOf('}', at);
            if (end < 0)
            {
                return;
            }
            var isInQuery = query >= 0 && at > query && (fragment < 0 || at < fragment);
            if (!isInQuery || text[at..(end + 1)] != Destination.ClickIdMacro)
            {
                findings.Add(
                    new Finding(
                        Severity.Warning,
                        "destination_macro",
                        path,
                        $"has {text[at..(end + 1)]}, which stays as it is: only {Destination.ClickIdMacro} in the query is replaced"
                    )
                );
            }
        }
    }

    private static bool IsTrackingLink(string path) =>
        path.StartsWith(TrackingPrefix, StringComparison.Ordinal)
        && Array.Exists(
            TrackingEnds,
            end =>
                path.EndsWith(end, StringComparison.Ordinal)
                && path.Length > TrackingPrefix.Length + end.Length
                && Slug.IsWellFormed(path.AsSpan(TrackingPrefix.Length..^end.Length))
        );

    private static bool HasWord(string target, string word)
    {
        for (var from = 0; target.IndexOf(word, from, StringComparison.Ordinal) is var at and >= 0; from = at + 1)
        {
            var end = at + word.Length;
            if (
                (at == 0 || !WordChars.Contains(target[at - 1]))
                && (end == target.Length || !WordChars.Contains(target[end]))
            )
            {
                return true;
            }
        }
        return false;
    }
}
