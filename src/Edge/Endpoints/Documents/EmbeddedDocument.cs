using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace Edge.Endpoints.Documents;

/// <summary>
/// <c>GET|HEAD</c> of a text that is part of the program: the browser client <c>/sdk.js</c> and the description of all
/// routes, <c>/openapi.json</c>. Pages of every origin may read it. Compressed once, when it is first asked for; thread
/// safe.
/// </summary>
internal sealed class EmbeddedDocument
{
    private readonly string _resource;
    private readonly string _contentType;
    private readonly string _cacheControl;
    private readonly Lazy<(Form Plain, Form Gzip)> _forms;

    private EmbeddedDocument(string resource, string contentType, string cacheControl, Func<byte[], byte[]> read)
    {
        _resource = resource;
        _contentType = contentType;
        _cacheControl = cacheControl;
        _forms = new Lazy<(Form, Form)>(() => Load(read));
    }

    /// <summary>The browser client. Comments are for readers of the repository, so it travels without them.</summary>
    public static EmbeddedDocument Client() =>
        new(
            "edge.js",
            "text/javascript; charset=utf-8",
            "public, max-age=3600, stale-while-revalidate=86400",
            WithoutComments
        );

    /// <summary>The description of all routes in OpenAPI 3.1.</summary>
    public static EmbeddedDocument OpenApi() =>
        new("openapi.json.gz", "application/json", "public, no-cache", Inflate);

    /// <summary>Answers 200 with the text in the form the client takes, or 304 when it has that form already.</summary>
    public Task HandleAsync(HttpContext context)
    {
        var request = context.Request;
        var headers = context.Response.Headers;
        var (plain, gzip) = _forms.Value;
        var isGzip = EntityTags.AcceptsGzip(request);
        var form = isGzip ? gzip : plain;

        headers.CacheControl = _cacheControl;
        headers.ETag = form.Tag;
        headers.Vary = HeaderNames.AcceptEncoding;
        headers.AccessControlAllowOrigin = "*";
        headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        // Both forms are the same text, so a cache that has either has what it needs.
        if (EntityTags.IsKnown(request, plain.Tag) || EntityTags.IsKnown(request, gzip.Tag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        headers.ContentType = _contentType;
        headers.ContentLength = form.Bytes.Length;
        if (isGzip)
        {
            headers.ContentEncoding = "gzip";
        }

        return RequestMethod.IsHead(request.Method)
            ? Task.CompletedTask
            : context.Response.Body.WriteAsync(form.Bytes).AsTask();
    }

    /// <summary>
    /// Leaves out lines that hold nothing but a comment, and all spaces and line ends that only people need. Enough for
    /// the client: no block comments, templates or strings in double quotes, and no spaces in regular expressions.
    /// </summary>
    public static byte[] WithoutComments(byte[] script)
    {
        var text = new StringBuilder(script.Length);
        foreach (
            var line in Encoding
                .UTF8.GetString(script)
                .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        )
        {
            if (!line.StartsWith("//", StringComparison.Ordinal))
            {
                AppendLine(text, line);
            }
        }

        return Encoding.UTF8.GetBytes(text.Append('\n').ToString());
    }

    private static void AppendLine(StringBuilder text, string line)
    {
        // A line end may end a statement, except where one cannot end or has ended.
        if (text.Length > 0 && !"{([,".Contains(text[^1]) && !"})]".Contains(line[0]))
        {
            text.Append('\n');
        }

        var isInString = false;
        for (var i = 0; i < line.Length; i++)
        {
            isInString ^= line[i] == '\'';
            if (line[i] != ' ' || isInString || (IsOfWord(line[i - 1]) && IsOfWord(line[i + 1])))
            {
                text.Append(line[i]);
            }
        }
    }

    private static bool IsOfWord(char c) => char.IsAsciiLetterOrDigit(c);

    private static byte[] Inflate(byte[] compressed)
    {
        using var gzip = new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        gzip.CopyTo(plain);
        return plain.ToArray();
    }

    private (Form Plain, Form Gzip) Load(Func<byte[], byte[]> read)
    {
        using var stream =
            typeof(EmbeddedDocument).Assembly.GetManifestResourceStream(_resource)
            ?? throw new InvalidDataException($"the program lacks its resource {_resource}");
        var whole = new byte[stream.Length];
        stream.ReadExactly(whole);
        var plain = read(whole);

        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.SmallestSize))
        {
            gzip.Write(plain);
        }

        var name = Convert.ToHexStringLower(SHA256.HashData(plain).AsSpan(0, 8));
        return (new Form(plain, $"\"{name}\""), new Form(compressed.ToArray(), $"\"{name}-gzip\""));
    }

    private sealed record Form(byte[] Bytes, string Tag);
}
