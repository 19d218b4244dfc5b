using System.Globalization;
using System.Text;
using Edge.Access;
using Edge.Enrichment.Verdicts;
using Edge.Formats;
using Edge.Requests;
using Edge.Visits;
using Microsoft.Extensions.Primitives;

namespace Edge.Endpoints;

/// <summary>
/// Describes a request as visits see it, one of the server's or one as it was received: both alike. Thread safe;
/// allocates nothing unless the headers outgrow the room given, or the referrer has bytes beyond ASCII.
/// </summary>
internal sealed class VisitRequestReader
{
    private readonly ClientAddressResolver _addresses;
    private readonly string _countryHeader;
    private readonly VerdictJudge _verdicts;
    private readonly SyntheticTraffic _synthetic;
    private volatile HeaderNames _names = new([]);

    /// <param name="addresses">Names the header of forwarded addresses.</param>
    /// <param name="countryHeader">Name of the header in which a proxy states the country; empty for none.</param>
    /// <param name="verdicts">Names the headers that rules look at.</param>
    /// <param name="synthetic">Knows the requests of tests.</param>
    public VisitRequestReader(
        ClientAddressResolver addresses,
        string countryHeader,
        VerdictJudge verdicts,
        SyntheticTraffic synthetic
    )
    {
        _addresses = addresses;
        _countryHeader = countryHeader;
        _verdicts = verdicts;
        _synthetic = synthetic;
        Refresh();
    }

    /// <summary>To be called when the verdict rules have changed: they may look at other headers.</summary>
    public void Refresh() =>
        _names = new HeaderNames(
            [
                .. new[] { _addresses.HeaderName, _countryHeader }
                    .Concat(_verdicts.HeaderNames)
                    .Where(static name => name.Length > 0)
                    .Distinct(StringComparer.OrdinalIgnoreCase),
            ]
        );

    /// <summary>Describes a request; the result is valid as long as request and room are.</summary>
    /// <param name="context">The request.</param>
    /// <param name="room">Room for the headers that settings and rules name, such as a
    /// <see cref="HeaderLineBuffer"/>.</param>
    public VisitRequest Read(HttpContext context, Span<HeaderLine> room)
    {
        var headers = context.Request.Headers;
        return new VisitRequest
        {
            Peer = ClientAddress.From(context.Connection.RemoteIpAddress),
            Query = HeaderBytes.Decode(context.Request.QueryString.Value),
            UserAgent = headers.UserAgent.Count > 0 ? headers.UserAgent[0] : default,
            Referrer = headers.Referer.Count > 0 ? HeaderBytes.Decode(headers.Referer[0]) : default,
            AcceptLanguage = headers.AcceptLanguage.Count > 0 ? headers.AcceptLanguage[0] : default,
            Origin = headers.Origin.Count == 1 ? headers.Origin[0] : default,
            Headers = ReadHeaders(headers, room),
            SyntheticTest = SyntheticTestOf(context),
            AsksForPrivacy = Asks(headers[VisitRequest.GlobalPrivacyControl]) || Asks(headers[VisitRequest.DoNotTrack]),
        };
    }

    /// <summary>Name of the test that a request is of; empty for all others. Judged once for each request.</summary>
    public ReadOnlySpan<byte> SyntheticTestOf(HttpContext context)
    {
        var marks = context.Request.Headers[SyntheticMark.HeaderName];
        if (marks.Count == 0)
        {
            return default;
        }

        if (!context.Items.TryGetValue(SyntheticMark.HeaderName, out var test))
        {
            test = _synthetic.TestOf(marks.Count == 1 ? marks[0] : default(ReadOnlySpan<char>));
            context.Items[SyntheticMark.HeaderName] = test;
        }

        return (byte[])test!;
    }

    /// <summary>
    /// Describes a request as it was received; false when there is not room for it, or when it asks for something that
    /// visits do not know.
    /// </summary>
    /// <param name="head">The head.</param>
    /// <param name="fields">Its headers.</param>
    /// <param name="peer">The socket's other end.</param>
    /// <param name="chars">Room for text, which the result points into.</param>
    /// <param name="lines">Room for headers, as for the other overload.</param>
    /// <param name="request">The description.</param>
    public bool TryRead(
        scoped in RequestHead head,
        ReadOnlySpan<HeaderField> fields,
        in ClientAddress peer,
        Memory<char> chars,
        Span<HeaderLine> lines,
        out VisitRequest request
    )
    {
        request = default;
        var text = new TextRoom(chars);
        if (!text.TryWidenTarget(head.Query, out var query))
        {
            return false;
        }

        ReadOnlyMemory<char> agent = default, referrer = default, language = default, origin = default;
        scoped ReadOnlySpan<byte> mark = default;
        var marks = 0;
        bool hasAgent = false, hasReferrer = false, hasLanguage = false;
        var asksForPrivacy = false;
        var origins = 0;
        var names = _names;
        var named = 0;
        foreach (ref readonly var field in fields)
        {
            var name = head.NameOf(field);
            var value = head.ValueOf(field);
            var isKept = true;
            switch (name.Length)
            {
                case 3 when Ascii.EqualsIgnoreCase(name, VisitRequest.DoNotTrack):
                    asksForPrivacy |= Ascii.Equals(value, VisitRequest.AskedFor);
                    break;
                case 6 when Ascii.EqualsIgnoreCase(name, "origin"u8):
                    isKept = ++origins > 1 || text.TryWiden(value, out origin);
                    break;
                case 7 when Ascii.EqualsIgnoreCase(name, "referer"u8):
                    isKept = hasReferrer || text.TryWiden(value, out referrer);
                    hasReferrer = true;
                    break;
                case 7 when Ascii.EqualsIgnoreCase(name, VisitRequest.GlobalPrivacyControl):
                    asksForPrivacy |= Ascii.Equals(value, VisitRequest.AskedFor);
                    break;
                case 10 when Ascii.EqualsIgnoreCase(name, "user-agent"u8):
                    isKept = hasAgent || text.TryWiden(value, out agent);
                    hasAgent = true;
                    break;
                case 14 when Ascii.EqualsIgnoreCase(name, SyntheticMark.HeaderName):
                    mark = marks++ == 0 ? value : default;
                    break;
                case 15 when Ascii.EqualsIgnoreCase(name, "accept-language"u8):
                    isKept = hasLanguage || text.TryWiden(value, out language);
                    hasLanguage = true;
                    break;
                case 10 when Ascii.EqualsIgnoreCase(name, OutcomeHeader.AskName):
                    return false;
            }

            if (isKept && names.Find(name) is { } known)
            {
                if (named == lines.Length || !text.TryWiden(value, out var widened))
                {
                    return false;
                }

                lines[named++] = new HeaderLine(known, widened);
            }

            if (!isKept)
            {
                return false;
            }
        }

        names.Group(lines[..named]);
        request = new VisitRequest
        {
            Peer = peer,
            Query = query.Span,
            UserAgent = agent.Span,
            Referrer = HeaderBytes.Decode(referrer.Span),
            AcceptLanguage = language.Span,
            Origin = origins == 1 ? origin.Span : default,
            Headers = lines[..named],
            SyntheticTest = marks == 0 ? default : _synthetic.TestOf(mark),
            AsksForPrivacy = asksForPrivacy,
        };
        return true;
    }

    private static bool Asks(StringValues values)
    {
        foreach (var value in values)
        {
            if (value == VisitRequest.AskedFor)
            {
                return true;
            }
        }

        return false;
    }

    private ReadOnlySpan<HeaderLine> ReadHeaders(IHeaderDictionary headers, Span<HeaderLine> room)
    {
        var count = 0;
        foreach (var name in _names.All)
        {
            var values = headers[name];
            if (count + values.Count > room.Length)
            {
                // Proxies that each add a line, or a hostile request.
                var larger = new HeaderLine[2 * (count + values.Count)];
                room[..count].CopyTo(larger);
                room = larger;
            }

            for (var i = 0; i < values.Count; i++)
            {
                room[count++] = new HeaderLine(name, values[i].AsMemory());
            }
        }

        return room[..count];
    }

    /// <summary>Where bytes become text, each byte a char.</summary>
    private struct TextRoom(Memory<char> chars)
    {
        private int _used;

        public bool TryWiden(ReadOnlySpan<byte> bytes, out ReadOnlyMemory<char> text)
        {
            text = default;
            if (bytes.Length > chars.Length - _used)
            {
                return false;
            }

            var room = chars.Slice(_used, bytes.Length);
            Encoding.Latin1.GetChars(bytes, room.Span);
            _used += bytes.Length;
            text = room;
            return true;
        }

        /// <summary>Bytes beyond ASCII percent-encoded, as the server gets them (<c>RequestReader</c>).</summary>
        public bool TryWidenTarget(ReadOnlySpan<byte> bytes, out ReadOnlyMemory<char> text)
        {
            if (Ascii.IsValid(bytes))
            {
                return TryWiden(bytes, out text);
            }

            text = default;
            var begin = _used;
            foreach (var value in bytes)
            {
                var room = chars.Span[_used..];
                if (room.Length < "%00".Length)
                {
                    return false;
                }

                if (Ascii.IsValid(value))
                {
                    room[0] = (char)value;
                    _used++;
                }
                else
                {
                    room[0] = '%';
                    value.TryFormat(room[1..], out _, "X2", CultureInfo.InvariantCulture);
                    _used += "%00".Length;
                }
            }

            text = chars[begin.._used];
            return true;
        }
    }

    /// <summary>The headers that settings and rules name, told apart by their length first. Immutable.</summary>
    private sealed class HeaderNames
    {
        private readonly ulong _lengths;

        public HeaderNames(string[] all)
        {
            All = all;
            foreach (var name in all)
            {
                _lengths |= 1UL << (name.Length & 63);
            }
        }

        public string[] All { get; }

        /// <summary>The name as settings and rules have it; null when none does.</summary>
        public string? Find(ReadOnlySpan<byte> name)
        {
            if ((_lengths & (1UL << (name.Length & 63))) == 0)
            {
                return null;
            }

            foreach (var known in All)
            {
                if (Ascii.EqualsIgnoreCase(name, known))
                {
                    return known;
                }
            }

            return null;
        }

        /// <summary>Puts lines of one name together, the names in their own order, as the other listener has them.</summary>
        public void Group(Span<HeaderLine> lines)
        {
            if (lines.Length > 1)
            {
                // Few lines, and mostly in order: an insertion sort, which is stable.
                for (var i = 1; i < lines.Length; i++)
                {
                    var line = lines[i];
                    var at = i;
                    for (; at > 0 && Order(lines[at - 1].Name) > Order(line.Name); at--)
                    {
                        lines[at] = lines[at - 1];
                    }

                    lines[at] = line;
                }
            }
        }

        private int Order(string name) => Array.IndexOf(All, name);
    }
}
