using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Edge.Machine;

namespace Edge.Fleet.Following;

/// <summary>The origin gave no edition; the message says why, as a sentence.</summary>
internal sealed class OriginException(string message) : Exception(message);

/// <summary>
/// Asks the origin for the edition after the one that is known. No redirects, no proxy, no cookies; time and size of
/// everything are limited. One request at a time.
/// </summary>
internal sealed class OriginClient : IDisposable
{
    /// <summary>The path of the catalog below the origin's address.</summary>
    public const string Path = "/fleet/catalog";

    public const string NodeHeader = "Edge-Node";
    public const string InstanceHeader = "Edge-Instance";
    public const string SoftwareHeader = "Edge-Version";
    public const string SaltHeader = "Edge-Salt";
    public const string ProblemHeader = "Edge-Problem";

    /// <summary>Longest problem that is told, characters.</summary>
    public const int ProblemCharsMax = 300;

    /// <summary>How long the origin may wait for a new edition before it answers that there is none.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long an answer may take to begin beyond the patience, and then to come whole.</summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    private readonly HttpClient _client = new(OutgoingHttp.CreateHandler(ConnectTimeout))
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private readonly FleetSecret _secret;
    private readonly TimeSpan _patience;
    private readonly TimeSpan _timeout;
    private readonly long _bytesMax;
    private readonly Uri _catalog;

    /// <param name="origin">Address of the origin.</param>
    /// <param name="secret">What is shown to it, and what its editions are signed with.</param>
    /// <param name="patience">How long it may wait for a new edition, whole seconds.</param>
    /// <param name="timeout">How long an answer may take to begin beyond that, and then to come whole.</param>
    /// <param name="bytesMax">Most bytes of all items of an edition that is taken.</param>
    public OriginClient(Uri origin, FleetSecret secret, TimeSpan patience, TimeSpan timeout, long bytesMax)
    {
        (_secret, _patience, _timeout, _bytesMax) = (secret, patience, timeout, bytesMax);
        _catalog = new Uri(origin.GetLeftPart(UriPartial.Authority) + Path);
    }

    /// <summary>Whether an edition is signed with the secret that this edge has now.</summary>
    public bool IsSigned(EditionTag tag) => tag.IsSignedBy(_secret);

    /// <summary>
    /// The next edition; null when there is none. Throws <see cref="OriginException"/> when the origin gives none,
    /// <see cref="EditionException"/> when it gives one that cannot be taken, and when cancelled.
    /// </summary>
    /// <param name="report">What the edge says of itself.</param>
    /// <param name="known">The edition in force, then one that was refused; null without.</param>
    /// <param name="waits">Whether the origin may wait for a new edition.</param>
    /// <param name="cancellation">Ends the request.</param>
    public async Task<EditionDocument?> AskAsync(
        NodeReport report,
        IEnumerable<EditionTag?> known,
        bool waits,
        CancellationToken cancellation
    )
    {
        var patience = waits ? _patience : TimeSpan.Zero;
        var seconds = patience.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_catalog, "?wait=" + seconds));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _secret.Token);
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
        request.Headers.Add(NodeHeader, Uri.EscapeDataString(report.Name));
        request.Headers.Add(InstanceHeader, report.Instance);
        request.Headers.Add(SoftwareHeader, report.Software);
        request.Headers.Add(SaltHeader, report.Salt);
        if (report.Problem.Length > 0)
        {
            request.Headers.Add(ProblemHeader, Uri.EscapeDataString(report.Problem));
        }

        var tags = string.Join(", ", known.Where(static tag => tag is not null));
        if (tags.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", tags);
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(patience + _timeout);
        try
        {
            using var response = await _client.SendAsync(
                request,
                HttpCompletionOption.ResponseHeadersRead,
                deadline.Token
            );
            if (response.StatusCode == HttpStatusCode.NotModified)
            {
                return null;
            }

            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw new OriginException(Refusal(response.StatusCode));
            }

            deadline.CancelAfter(_timeout);
            await using var body = await response.Content.ReadAsStreamAsync(deadline.Token);
            await using var inflated = response.Content.Headers.ContentEncoding.Contains("gzip")
                ? new GZipStream(body, CompressionMode.Decompress)
                : body;
            return await EditionDocument.ReadAsync(
                inflated,
                _secret.Id,
                _bytesMax,
                IsSigned,
                deadline.Token
            );
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new OriginException($"{_catalog.Authority} did not answer in time");
        }
        catch (InvalidDataException)
        {
            throw new EditionException(EditionFault.Damaged, "is not valid gzip");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new OriginException(ConnectionFailure.Describe(e, _catalog.Authority));
        }
    }

    public void Dispose() => _client.Dispose();

    private string Refusal(HttpStatusCode status) =>
        $"{_catalog.Authority} answered {(int)status}"
        + status switch
        {
            HttpStatusCode.Unauthorized => ": it has another fleet.secret or fleet.id",
            HttpStatusCode.NotFound => ": it is no origin (role), or serves the catalog on another address (fleet.originUrl)",
            >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest =>
                ": redirects are not followed (fleet.originUrl)",
            _ => "",
        };
}
