namespace Edge.Endpoints;

/// <summary>
/// The cookie that carries the id of a session: no script can read it, no other site can send it, and it ends with the
/// browser. Pure.
/// </summary>
internal static class SessionCookie
{
    private const string Name = "edge_session";
    private const string Attributes = "; Path=/; HttpOnly; SameSite=Strict";

    /// <summary>The id in a request; null when it has none.</summary>
    public static string? Read(HttpRequest request)
    {
        foreach (var header in request.Headers.Cookie)
        {
            foreach (var part in header.AsSpan().Split(';'))
            {
                var cookie = header.AsSpan()[part].Trim(' ');
                if (cookie.StartsWith(Name + "="))
                {
                    return cookie[(Name.Length + 1)..].ToString();
                }
            }
        }

        return null;
    }

    /// <summary>Has the browser keep the id.</summary>
    public static void Write(HttpContext context, string id) => Append(context, id, "");

    /// <summary>Has the browser forget the id.</summary>
    public static void Clear(HttpContext context) => Append(context, "", "; Max-Age=0");

    /// <summary>401: there is no session, or it has ended.</summary>
    public static Task RefuseAsync(HttpContext context)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Problem.WriteAsync(
            context,
            StatusCodes.Status401Unauthorized,
            "no-session",
            "No Session",
            "There is no session, or it has ended. Sign in with POST /ui/session."
        );
    }

    /// <summary>
    /// The page knows whether the proxy in front speaks HTTPS, and tells so by its origin; we may only speak HTTP.
    /// </summary>
    private static void Append(HttpContext context, string id, string more)
    {
        var isHttps =
            context.Request.IsHttps
            || context.Request.Headers.Origin.ToString().StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        context.Response.Headers.Append("Set-Cookie", $"{Name}={id}{Attributes}{(isHttps ? "; Secure" : "")}{more}");
    }
}
