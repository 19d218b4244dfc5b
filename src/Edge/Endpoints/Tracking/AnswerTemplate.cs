using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Edge.Endpoints.Tracking;

/// <summary>
/// An answer of the tracking routes as bytes, the same as the server writes for it, with gaps for the date, the location
/// and what became of the request. Immutable; writing one allocates nothing.
/// </summary>
internal sealed class AnswerTemplate
{
    private const char Gap = '\0';

    /// <summary>The headers that the server writes first, in its order; the others follow as they were set.</summary>
    private static readonly string[] Order =
    [
        HeaderNames.ContentLength,
        HeaderNames.Connection,
        HeaderNames.ContentType,
        HeaderNames.Date,
        HeaderNames.AccessControlAllowOrigin,
        HeaderNames.CacheControl,
        HeaderNames.Expires,
        HeaderNames.Location,
        HeaderNames.Pragma,
        HeaderNames.XContentTypeOptions,
    ];

    private readonly byte[] _beforeDate;
    private readonly byte[] _beforeDateOfLast;
    private readonly byte[] _afterDate;
    private readonly byte[] _afterLocation;
    private readonly byte[] _afterOutcome;
    private readonly byte[] _body;

    /// <param name="write">Writes status and headers, a location of one NUL among them if the answer has one.</param>
    /// <param name="body">The body.</param>
    private AnswerTemplate(Action<HttpResponse> write, ReadOnlySpan<byte> body)
    {
        var open = Render(write, "");
        var last = Render(write, "close");
        _beforeDate = Encoding.ASCII.GetBytes(open[0]);
        _beforeDateOfLast = Encoding.ASCII.GetBytes(last[0]);
        _afterDate = Encoding.ASCII.GetBytes(open[1]);
        _afterLocation = Encoding.ASCII.GetBytes(open[2]);
        _afterOutcome = Encoding.ASCII.GetBytes(open[3]);
        _body = body.ToArray();
    }

    /// <summary>The pixel.</summary>
    public static AnswerTemplate Pixel(bool isHead) =>
        new(static response => Replies.WritePixel(response, isHead: true), isHead ? default : Replies.Pixel);

    /// <summary>A redirect.</summary>
    public static AnswerTemplate Redirect(int status) =>
        new(response => Replies.WriteRedirect(response, Gap.ToString(), status), default);

    /// <summary>What a browser is told that asks ahead of the visit.</summary>
    public static AnswerTemplate AskAgain() => new(Replies.WriteAskAgain, default);

    /// <summary>Writes the answer and returns its length.</summary>
    /// <param name="room">Where it is written.</param>
    /// <param name="date">The date, as HTTP writes it.</param>
    /// <param name="isLast">Whether the connection ends with it.</param>
    /// <param name="outcome">What became of the request (<see cref="OutcomeHeader"/>); null when nobody asks.</param>
    /// <param name="location">Where a redirect leads, ASCII.</param>
    public int Write(
        Span<byte> room,
        ReadOnlySpan<byte> date,
        bool isLast,
        string? outcome,
        ReadOnlySpan<char> location = default
    )
    {
        var written = Append(room, 0, isLast ? _beforeDateOfLast : _beforeDate);
        written = Append(room, written, date);
        written = Append(room, written, _afterDate);
        written += Encoding.ASCII.GetBytes(location, room[written..]);
        written = Append(room, written, _afterLocation);
        if (outcome is not null)
        {
            written += Encoding.ASCII.GetBytes($"{OutcomeHeader.Name}: {outcome}\r\n", room[written..]);
        }

        written = Append(room, written, _afterOutcome);
        return Append(room, written, _body);
    }

    private static int Append(Span<byte> room, int at, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(room[at..]);
        return at + bytes.Length;
    }

    /// <summary>The head as text, divided at its gaps.</summary>
    private static string[] Render(Action<HttpResponse> write, string connection)
    {
        var response = new DefaultHttpContext().Response;
        Replies.ForbidSniffing(response.Headers);
        write(response);
        response.Headers.Date = Gap.ToString();
        if (connection.Length > 0)
        {
            response.Headers.Connection = connection;
        }

        var status = response.StatusCode;
        var text = new StringBuilder($"HTTP/1.1 {status} {ReasonPhrases.GetReasonPhrase(status)}\r\n");
        var first = Order.Where(response.Headers.ContainsKey);
        var others = response.Headers.Keys.Except(Order, StringComparer.OrdinalIgnoreCase);
        AppendHeaders(text, response, first);
        if (response.Headers.Location.Count == 0)
        {
            text.Append(Gap);
        }

        AppendHeaders(text.Append(Gap), response, others);
        return text.Append("\r\n").ToString().Split(Gap);
    }

    private static void AppendHeaders(StringBuilder text, HttpResponse response, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            text.Append(name).Append(": ").Append(response.Headers[name].ToString()).Append("\r\n");
        }
    }
}
