using Edge.Access;
using Edge.Formats;
using Edge.Requests.Bodies;
using Edge.Telemetry;

namespace Edge.Endpoints.Page;

/// <summary>
/// <c>/ui/session</c>: exchanges a management key for a cookie that scripts cannot read, says whose session it is, and
/// ends it. Wrong keys count against the address, as everywhere. Thread safe.
/// </summary>
internal sealed class SessionEndpoint(
    KeyRing keys,
    SessionTable sessions,
    SameOrigin origins,
    WrongKeys wrong,
    Metrics metrics
)
{
    private static readonly BodyRules Body = new(BytesMax: 4 << 10);

    public Task HandleAsync(HttpContext context)
    {
        Replies.ForbidCaching(context.Response.Headers);
        switch (context.Request.Method)
        {
            case "GET" or "HEAD":
                return ShowAsync(context);
            case "POST":
                return SignInAsync(context);
            case "DELETE":
                return SignOutAsync(context);
        }

        metrics.Count(RouteName.Session, Outcome.MethodNotAllowed);
        return Problem.MethodNotAllowedAsync(context, "GET, HEAD, POST, DELETE");
    }

    /// <summary>Looking at it is no use of it, so that a page may look as often as it likes.</summary>
    private Task ShowAsync(HttpContext context)
    {
        if (SessionCookie.Read(context.Request) is not { } id || sessions.Find(id, isUse: false) is not { } session)
        {
            metrics.Count(RouteName.Session, Outcome.Unauthorized);
            return SessionCookie.RefuseAsync(context);
        }

        metrics.Count(RouteName.Session, Outcome.Answered);
        return Replies.WriteJsonAsync(
            context,
            json =>
            {
                json.WriteString("keyId", session.Key.Id);
                json.WriteBoolean("readOnly", session.Key.IsReadOnly);
                json.WriteString("expiresAt", Timestamp.Format(session.ExpiresAt));
            }
        );
    }

    private async Task SignInAsync(HttpContext context)
    {
        // Or another page could have its visitor work in a session that is not his own. Whoever says nothing is no
        // browser, and has the key.
        if (origins.Judge(context.Request) == false)
        {
            metrics.Count(RouteName.Session, Outcome.Refused);
            await SameOrigin.RefuseAsync(context);
            return;
        }

        var (body, fault) = await RequestBody.ReadCopyAsync(context, Body);
        if (fault != BodyFault.None)
        {
            metrics.Count(RouteName.Session, Outcome.Refused);
            await Problem.BodyAsync(context, fault, Body);
            return;
        }

        var violations = new Violations();
        var secret = ReadKey(body, violations);
        if (violations.Count > 0)
        {
            metrics.Count(RouteName.Session, Outcome.Refused);
            await Problem.ValidationAsync(context, violations.List);
            return;
        }

        if (keys.Find(secret) is not { IsManagement: true } key)
        {
            await RefuseKeyAsync(context, secret);
            return;
        }

        metrics.Count(RouteName.Session, Outcome.Answered);
        SessionCookie.Write(context, sessions.Begin(key));
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private Task SignOutAsync(HttpContext context)
    {
        if (origins.Judge(context.Request) != true)
        {
            metrics.Count(RouteName.Session, Outcome.Refused);
            return SameOrigin.RefuseAsync(context);
        }

        if (SessionCookie.Read(context.Request) is { } id)
        {
            sessions.End(id);
        }

        metrics.Count(RouteName.Session, Outcome.Answered);
        SessionCookie.Clear(context);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private Task RefuseKeyAsync(HttpContext context, string secret)
    {
        if (wrong.Count(context) is { } rate)
        {
            metrics.Count(RouteName.Session, Outcome.RateLimited);
            return Problem.RateLimitedAsync(context, rate, "address");
        }

        metrics.Count(RouteName.Session, Outcome.Unauthorized);
        return Problem.WriteAsync(
            context,
            StatusCodes.Status401Unauthorized,
            "invalid-api-key",
            "Invalid API Key",
            KeyMixUp.Of(
                keys.KindOf(secret),
                [KeyKind.Pictify, KeyKind.PictifyRead],
                "sign in with a management key (mk_, mr_)"
            ) ?? "The provided API key is invalid or has been revoked."
        );
    }

    private static string ReadKey(ReadOnlyMemory<byte> body, Violations violations)
    {
        using var document = JsonSyntax.ParseObject(body, violations);
        return document is null
            ? ""
            : new JsonFields(document.RootElement, "", violations).RequiredText("key", null, KeySecret.CharsMax);
    }
}
