using System.Globalization;
using System.Text;
using Edge.Forwarding.Http;
using Edge.Storage;
using EventId = Edge.Events.EventId;

namespace Edge.Forwarding.ClickHouse;

/// <summary>Statements over ClickHouse's HTTP interface. Credentials go in headers, never in the address.</summary>
internal sealed class ClickHouseClient(ClickHouseSinkOptions options, TimeProvider time) : IDisposable
{
    private readonly HttpTransport _transport = new(options.Transport, time);

    /// <summary>Host and port, for messages.</summary>
    public string Place => options.Url.Authority;

    /// <summary>Sends a statement, or the data of the statement in <paramref name="query"/>.</summary>
    public async Task<HttpResult> SendAsync(string query, HttpContent content, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new UriBuilder(options.Url) { Query = query }.Uri)
        {
            Content = content,
        };
        request.Headers.TryAddWithoutValidation("X-ClickHouse-User", options.User);
        try
        {
            var password =
                options.PasswordFile.Length == 0 ? options.Password : DiskFile.ReadLine(options.PasswordFile);
            request.Headers.TryAddWithoutValidation("X-ClickHouse-Key", password);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return HttpResult.Failed($"passwordFile cannot be read: {e.Message}");
        }

        return await _transport.SendAsync(request, cancellation).ConfigureAwait(false);
    }

    /// <summary>Sends one statement as text.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="settings">Settings of the server for it, as a query of a URL.</param>
    public Task<HttpResult> ExecuteAsync(string statement, CancellationToken cancellation, string settings = "") =>
        SendAsync(settings, new StringContent(statement, Encoding.UTF8, "text/plain"), cancellation);

    /// <summary>The server's version and capabilities, or why it could not be asked, in words.</summary>
    public async Task<(ClickHouseVersion? Server, string? Problem)> AskAsync(CancellationToken cancellation)
    {
        const string Question =
            "SELECT version(), (SELECT count() FROM system.settings WHERE name = 'insert_deduplication_token') FORMAT TSV";
        var response = await ExecuteAsync(Question, cancellation).ConfigureAwait(false);
        if (ClickHouseResponseClassifier.Classify(response, options) is { IsDelivered: false } failed)
        {
            return (null, failed.Reason);
        }

        var values = response.Body.TrimEnd('\n').Split('\t');
        var parts = values[0].Split('.');
        return
            values.Length == 2
            && parts.Length >= 2
            && IsNumber(parts[0], out var major)
            && IsNumber(parts[1], out var minor)
            ? (new ClickHouseVersion(values[0], major, minor, HasTokens: values[1] == "1"), null)
            : (null, $"{Place} does not answer like ClickHouse; check url");
    }

    /// <summary>What to do when the table of the events is not there; null when it is, or the server does not say.</summary>
    public async Task<string?> LookForTableAsync(CancellationToken cancellation)
    {
        var table = ClickHouseTable.Of(options.Table).Sql;
        var response = await ExecuteAsync($"EXISTS TABLE {table} FORMAT TSV", cancellation).ConfigureAwait(false);
        return response.IsSuccess && response.Body.TrimEnd('\n') == "0"
            ? $"{Place} has no table {options.Table}; make it with edge sink init {options.SinkName}"
            : null;
    }

    /// <summary>
    /// How many of these events the table has. Throws <see cref="IOException"/> when the server does not say.
    /// </summary>
    public async Task<long> CountPresentAsync(IReadOnlyList<EventId> ids, CancellationToken cancellation)
    {
        var list = string.Join("','", ids.Select(static id => id.ToString()));
        var response = await ExecuteAsync(
                $"SELECT uniqExact(id) FROM {ClickHouseTable.Of(options.Table).Sql} WHERE id IN ('{list}') FORMAT TSV",
                cancellation
            )
            .ConfigureAwait(false);
        return ClickHouseResponseClassifier.Classify(response, options) is { IsDelivered: false } failed
                ? throw new IOException(failed.Reason)
            : long.TryParse(response.Body.TrimEnd('\n'), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                ? count
            : throw new IOException($"{Place} does not answer like ClickHouse; check url");
    }

    public void Dispose() => _transport.Dispose();

    private static bool IsNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}

/// <summary>Version and capabilities of a server.</summary>
/// <param name="Version">As the server reports it.</param>
/// <param name="Major">The year.</param>
/// <param name="Minor">The second part.</param>
/// <param name="HasTokens">Whether it recognises a repeated insert by a token.</param>
internal sealed record ClickHouseVersion(string Version, int Major, int Minor, bool HasTokens)
{
    /// <summary>The oldest version the sink is tested with.</summary>
    public static ClickHouseVersion Oldest { get; } = new("18.16", 18, 16, HasTokens: false);

    public bool IsAtLeast(int major, int minor) => Major > major || (Major == major && Minor >= minor);
}
