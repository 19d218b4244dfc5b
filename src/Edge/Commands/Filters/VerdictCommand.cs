using System.Buffers;
using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Edge.Commands.Streams;
using Edge.Enrichment.UserAgents;
using Edge.Enrichment.Verdicts;
using Edge.Events;
using Edge.Formats;
using Edge.Requests;
using Edge.Settings;

namespace Edge.Commands.Filters;

/// <summary>
/// <c>edge verdict --stdin</c>: judges requests, one JSON object a line, with the rules and the code that judge events.
/// A line that is no such object is named on stderr and makes the exit code 1; the rest is answered. Mistakes in the
/// operator's rules are named first.
/// </summary>
internal static class VerdictCommand
{
    private static readonly JsonWriterOptions Readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Define(StandardStreams io)
    {
        var command = new Command(
            "verdict",
            "Judges requests, person or machine: JSON lines {\"user_agent\",\"ip\",\"kind\",\"headers\"} on stdin."
        )
        {
            LineFilter.StdinOption(),
        };
        var settings = SettingsArguments.AddTo(command);
        command.SetAction(result =>
            settings.Load(result, io.Error) is { } options
                ? LineFilter.Run(() => Run(options, io.In, io.Out, io.Error))
                : ExitCode.Failure
        );
        return command;
    }

    public static int Run(EdgeOptions options, TextReader input, TextWriter output, TextWriter error)
    {
        var (table, problems) = VerdictRules.Load(options.ToVerdictRuleOptions());
        foreach (var problem in problems)
        {
            error.WriteLine($"edge verdict: {problem}");
        }

        var exitCode = problems.Count == 0 ? ExitCode.Success : ExitCode.Failure;
        var judge = new VerdictJudge(table, problems.Count, new EnrichmentFaults());
        var line = new ArrayBufferWriter<byte>();
        for (var number = 1; input.ReadLine() is { } text; number++)
        {
            if (string.IsNullOrWhiteSpace(text))
            {
                continue;
            }

            using var request = LineFilter.Parse(text, out var problem);
            if (request is not null && TryJudge(request.RootElement, judge) is { } judgement)
            {
                line.ResetWrittenCount();
                Write(line, judgement);
                output.WriteLine(Encoding.UTF8.GetString(line.WrittenSpan));
                continue;
            }
            problem ??=
                "must be a JSON object with the texts user_agent, ip, kind (pixel, click, api) and the object headers";
            error.WriteLine($"edge verdict: line {number}: {problem}");
            exitCode = ExitCode.Failure;
        }
        return exitCode;
    }

    private static Judgement? TryJudge(JsonElement request, VerdictJudge judge)
    {
        if (
            request.ValueKind != JsonValueKind.Object
            || Text(request, "user_agent") is not { } userAgent
            || Text(request, "ip") is not { } ip
        )
        {
            return null;
        }

        VerdictScope? scope = Text(request, "kind") switch
        {
            "" or "pixel" => VerdictScope.Pixel,
            "click" => VerdictScope.Click,
            "api" => VerdictScope.Api,
            _ => null,
        };
        var address = default(ClientAddress);
        if (scope is not { } asked || (ip.Length > 0 && !ClientAddress.TryParse(ip, out address)))
        {
            return null;
        }
        // The listener hands over each byte as a char.
        var agent = UserAgentText.Cut(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(userAgent)));
        return Headers(request) is { } headers
            ? judge.Judge(judge.MatchAgent(agent), address, headers.ToArray(), asked)
            : null;
    }

    private static string? Text(JsonElement owner, string name)
    {
        if (!owner.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return "";
        }

        return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    private static List<HeaderLine>? Headers(JsonElement request)
    {
        var headers = new List<HeaderLine>();
        if (!request.TryGetProperty("headers", out var members))
        {
            return headers;
        }

        if (members.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        foreach (var member in members.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.String)
            {
                return null;
            }

            // The last of equal names counts, as for every JSON object.
            headers.RemoveAll(line => line.Is(member.Name));
            headers.Add(new HeaderLine(member.Name, member.Value.GetString().AsMemory()));
        }
        return headers;
    }

    private static void Write(ArrayBufferWriter<byte> line, in Judgement judgement)
    {
        using var json = new Utf8JsonWriter(line, Readable);
        json.WriteStartObject();
        json.WriteString("verdict", VerdictNames.Of(judgement.Verdict));
        json.WriteString("reason", judgement.Reason);
        json.WriteString("certainty", judgement.Rule?.CertaintyText);
        json.WriteString("shadow", judgement.Shadow?.ShadowText);
        json.WriteEndObject();
    }
}
