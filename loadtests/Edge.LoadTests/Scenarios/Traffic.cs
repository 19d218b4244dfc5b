using System.Globalization;

namespace Edge.LoadTests.Scenarios;

/// <summary>What scenarios need to know of the service that they are meant for, and of the run.</summary>
internal sealed record Traffic
{
    /// <summary>The value of <c>Edge-Synthetic</c> that says what a request claims to be, and proves nothing.</summary>
    public const string UnsignedMark = "1";

    /// <summary>
    /// What marks every request in <c>Edge-Synthetic</c> as not of people; a signed one has the server keep them apart.
    /// </summary>
    public string Mark { get; init; } = UnsignedMark;

    /// <summary>Slug of a running experiment.</summary>
    public required string Experiment { get; init; }

    /// <summary>Where its clicks lead; empty when that is not known.</summary>
    public IReadOnlyCollection<string> Destinations { get; init; } = [];

    /// <summary>Keys by the prefix that says what they are for.</summary>
    public IReadOnlyCollection<string> Keys { get; init; } = [];

    /// <summary>Tells this run from every other; stands in units and ids.</summary>
    public required string Run { get; init; }

    /// <summary>
    /// Whether requests say which visitor's address they come from, which a server believes a proxy alone.
    /// </summary>
    public bool NamesAddresses { get; init; }

    /// <summary>The id of an event up to its number.</summary>
    public string IdPrefix => $"load-{Run}-";

    /// <summary>The first key that begins like that; <see cref="ScenarioCatalog"/> has looked that there is one.</summary>
    public string Key(string prefix) => Keys.First(key => key.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>Headers of a visitor, one of many.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers(
        string userAgent,
        int visitor,
        params ReadOnlySpan<(string Name, string Value)> more
    )
    {
        List<(string, string)> headers =
        [
            ("User-Agent", userAgent),
            ("Accept-Language", Visitors.Language(visitor)),
            ("Edge-Synthetic", Mark),
        ];
        headers.AddRange(more);
        if (NamesAddresses)
        {
            headers.Add(("X-Forwarded-For", Visitors.Address(visitor)));
        }

        return headers;
    }

    /// <summary>A time as senders state it.</summary>
    public static string Now() =>
        TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
