using System.Text.Encodings.Web;
using System.Text.Json;
using Edge.Events;

namespace Edge.Forwarding;

/// <summary>Whether a sink gets the events of tests.</summary>
internal enum SyntheticEvents
{
    /// <summary>It gets none of them, so that nobody analyses what people never did.</summary>
    Exclude,

    /// <summary>It gets them among the others, which do not have the member <c>synthetic</c>.</summary>
    Include,

    /// <summary>It gets nothing else.</summary>
    Only,
}

/// <summary>
/// Which events a sink gets: those whose members have one of the allowed values, of tests or not as the sink wants it. An
/// event without a filtered member does not pass. Values are compared as the encoder writes them, so nothing is decoded.
/// Immutable.
/// </summary>
internal sealed class EventFilter
{
    private readonly (EventMember Member, byte[][] Values)[] _rules;
    private readonly SyntheticEvents _synthetic;

    private EventFilter((EventMember Member, byte[][] Values)[] rules, SyntheticEvents synthetic)
    {
        _rules = rules;
        _synthetic = synthetic;
    }

    /// <summary>Null when every event passes.</summary>
    public static EventFilter? Of(SinkOptions options)
    {
        (EventMember Member, string[] Values)[] all =
        [
            (EventSchema.Api, options.FilterApis),
            (EventSchema.Project, options.FilterProjects),
            (EventSchema.Type, options.FilterTypes),
            (EventSchema.Verdict, options.FilterVerdicts),
        ];
        var rules = all.Where(static rule => rule.Values.Length > 0)
            .Select(static rule => (rule.Member, Array.ConvertAll(rule.Values, Encode)))
            .ToArray();
        return rules.Length == 0 && options.FilterSynthetic == SyntheticEvents.Include
            ? null
            : new EventFilter(rules, options.FilterSynthetic);
    }

    /// <summary>Whether no event of a test passes.</summary>
    public bool ExcludesTests => _synthetic == SyntheticEvents.Exclude;

    public bool Passes(ReadOnlySpan<byte> json)
    {
        if (
            _synthetic != SyntheticEvents.Include
            && EventSchema.IsSynthetic(json) != (_synthetic == SyntheticEvents.Only)
        )
        {
            return false;
        }

        var passed = 0;
        var members = new MemberScanner(json);
        while (passed < _rules.Length && members.Next())
        {
            foreach (var (member, values) in _rules)
            {
                if (member.Is(members.Name))
                {
                    if (!IsOneOf(values, members.Value))
                    {
                        return false;
                    }

                    passed++;
                    break;
                }
            }
        }

        return passed == _rules.Length;
    }

    private static bool IsOneOf(byte[][] values, ReadOnlySpan<byte> found)
    {
        foreach (var value in values)
        {
            if (found.SequenceEqual(value))
            {
                return true;
            }
        }

        return false;
    }

    private static byte[] Encode(string value) =>
        [
            (byte)'"',
            .. JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes,
            (byte)'"',
        ];
}
