using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace Edge.Endpoints.Page;

/// <summary>
/// <c>GET|HEAD /ui/...</c>: the files of the page, which are part of the program in compressed form. Every path without
/// an extension is a view of the page, and gets its index. Read once, when the first is asked for; thread safe.
/// </summary>
internal sealed class PageAssets
{
    private const string ResourcePrefix = "page/";
    private const string AssetPrefix = "assets/";
    private const string Index = "index.html";

    /// <summary>Nothing but what the program itself serves: no other origin, no inline script or style, no frame.</summary>
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    private readonly Lazy<Dictionary<string, Asset>> _assets = new(Load);

    /// <summary>The headers of every answer of the page, whatever it holds.</summary>
    public static void Protect(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
    }

    /// <summary>Answers 200, 304 when the client has the file, or 404.</summary>
    /// <param name="context">The exchange.</param>
    /// <param name="path">The path behind <c>/ui/</c>.</param>
    /// <param name="status">The status of a view of the page.</param>
    public Task HandleAsync(HttpContext context, string path, int status = StatusCodes.Status200OK)
    {
        var name = Path.HasExtension(path) ? path : Index;
        if (!_assets.Value.TryGetValue(name, out var asset))
        {
            return Problem.RouteNotFoundAsync(context);
        }

        var request = context.Request;
        var headers = context.Response.Headers;
        headers.CacheControl = name.StartsWith(AssetPrefix, StringComparison.Ordinal)
            ? "public, max-age=31536000, immutable"
            : "no-cache";
        headers.ETag = asset.Tag;
        headers.Vary = HeaderNames.AcceptEncoding;
        if (status == StatusCodes.Status200OK && EntityTags.IsKnown(request, asset.Tag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        context.Response.StatusCode = status;
        if (!EntityTags.AcceptsGzip(request))
        {
            return Replies.WriteBodyAsync(context, asset.ContentType, asset.Inflate());
        }

        headers.ContentEncoding = "gzip";
        return Replies.WriteBodyAsync(context, asset.ContentType, asset.Gzip);
    }

    private static Dictionary<string, Asset> Load()
    {
        var assembly = typeof(PageAssets).Assembly;
        var assets = new Dictionary<string, Asset>(StringComparer.Ordinal);
        foreach (var resource in assembly.GetManifestResourceNames())
        {
            if (resource.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            {
                using var stream = assembly.GetManifestResourceStream(resource)!;
                var gzip = new byte[stream.Length];
                stream.ReadExactly(gzip);
                var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(gzip).AsSpan(0, 8))}\"";
                assets.Add(resource[ResourcePrefix.Length..], new Asset(gzip, tag, ContentTypeOf(resource)));
            }
        }

        return assets;
    }

    private static string ContentTypeOf(string name) =>
        Path.GetExtension(name) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".json" => "application/json",
            ".svg" => "image/svg+xml",
            ".png" => "image/png",
            ".ico" => "image/x-icon",
            ".woff2" => "font/woff2",
            _ => "application/octet-stream",
        };

    private sealed record Asset(byte[] Gzip, string Tag, string ContentType)
    {
        /// <summary>As it was before; for the rare client that does not take gzip.</summary>
        public byte[] Inflate()
        {
            using var gzip = new GZipStream(new MemoryStream(Gzip), CompressionMode.Decompress);
            using var plain = new MemoryStream();
            gzip.CopyTo(plain);
            return plain.ToArray();
        }
    }
}
