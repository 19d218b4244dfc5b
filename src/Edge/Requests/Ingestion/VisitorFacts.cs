using System.Text;
using System.Text.Json;

namespace Edge.Requests.Ingestion;

/// <summary>A fact that is not what it must be.</summary>
/// <param name="Path">Where it is in the event.</param>
/// <param name="Problem">What is wrong with it.</param>
/// <param name="Value">What was sent.</param>
internal readonly record struct FactProblem(string Path, TextProblem Problem, RawValue Value);

/// <summary>
/// What a server says of its visitor in the member <c>context</c> of an event: <c>ip</c> and <c>user_agent</c>. Read
/// only for keys that may state it; for all others, and in what is stored, the two are left out. Null counts as absent.
/// </summary>
internal readonly struct VisitorFacts
{
    /// <summary>Longest text, UTF-16 units.</summary>
    public const int CharsMax = 2_048;

    /// <summary>More than any address takes, with brackets, a port and blanks around it.</summary>
    private const int AddressCharsMax = 64;

    private const int Ip = 0;
    private const int Agent = 1;
    private const int Members = 2;

    private static readonly MemberNames Names = new("ip", "user_agent");

    private readonly List<FactProblem>? _problems;

    private VisitorFacts(ReadOnlyMemory<byte> address, ReadOnlyMemory<byte> userAgent, List<FactProblem>? problems)
    {
        Address = address;
        UserAgent = userAgent;
        _problems = problems;
    }

    /// <summary>The address as text; empty when it is not said.</summary>
    public ReadOnlyMemory<byte> Address { get; }

    /// <summary>The user agent; empty when it is not said.</summary>
    public ReadOnlyMemory<byte> UserAgent { get; }

    /// <summary>What is wrong; empty when nothing is.</summary>
    public IReadOnlyList<FactProblem> Problems => _problems is null ? [] : _problems;

    /// <summary>The first of them in words, for APIs that have none of their own; null when nothing is wrong.</summary>
    public string? Problem =>
        _problems is [var (path, problem, _), ..] ? $"{path} {MemberText.Describe(problem, CharsMax)}" : null;

    /// <summary>Reads the raw value of the member, valid JSON; empty when it was not sent.</summary>
    public static VisitorFacts Read(ReadOnlyMemory<byte> context)
    {
        var reader = new BodyReader(context, Names, stackalloc RawValue[Members]);
        if (context.IsEmpty || !TryWalk(ref reader))
        {
            return default;
        }

        var addressProblem = reader.ReadText(reader[Ip], CharsMax, out var address);
        if (addressProblem == TextProblem.Empty || (addressProblem == TextProblem.None && !IsAddress(address.Span)))
        {
            addressProblem = TextProblem.NotAddress;
        }

        var agentProblem = reader.ReadText(reader[Agent], CharsMax, out var agent);
        List<FactProblem>? problems = null;
        if (!MemberText.IsOptional(addressProblem))
        {
            (problems ??= []).Add(new FactProblem("context.ip", addressProblem, reader[Ip]));
        }

        if (!MemberText.IsOptional(agentProblem))
        {
            (problems ??= []).Add(new FactProblem("context.user_agent", agentProblem, reader[Agent]));
        }

        return new VisitorFacts(address, agent, problems);
    }

    /// <summary>
    /// The value of the member without both, valid JSON; as it is when it has neither or is no object.
    /// </summary>
    public static ReadOnlyMemory<byte> Without(ReadOnlyMemory<byte> context)
    {
        var reader = new BodyReader(context, Names, stackalloc RawValue[Members], new OtherMembers(Members));
        var hasFacts = TryWalk(ref reader) && (reader[Ip].IsSent || reader[Agent].IsSent);
        if (!hasFacts)
        {
            return context;
        }

        var rest = reader.Others();
        return rest.IsEmpty ? "{}"u8.ToArray() : rest;
    }

    private static bool TryWalk(ref BodyReader reader)
    {
        reader.Next();
        var isObject = reader.Token == JsonTokenType.StartObject;
        if (isObject)
        {
            reader.ReadObject();
        }

        return isObject;
    }

    private static bool IsAddress(ReadOnlySpan<byte> text)
    {
        Span<char> chars = stackalloc char[AddressCharsMax];
        return Encoding.UTF8.TryGetChars(text, chars, out var written)
            && ClientAddress.TryParse(chars[..written], out _);
    }
}
