using System.Buffers;
using System.Text.Json;
using Edge.Catalog;
using Edge.Enrichment.Hashing;
using Edge.Events;
using Edge.Selection;

namespace Edge.Visits;

/// <summary>
/// Finds the running experiments whose goal an event reaches by its name, and writes the event's member <c>goals</c>:
/// for each of them its uid and the hashes of the units that the sender may have been there. Units of an experiment
/// cannot be joined to those of another, so an event that names no experiment has to say it for each. Thread safe;
/// costs one look into a dictionary when no experiment has such a goal.
/// </summary>
internal sealed class GoalMatcher(CatalogHolder catalog, VisitorReader visitors)
{
    /// <summary>Most experiments whose goal one event reaches.</summary>
    public const int GoalsMax = 16;

    /// <summary>
    /// Most units of one sender: the parameter <c>u</c>, the ids of person, unit and visitor, and the viewer key.
    /// </summary>
    private const int UnitsMax = 5;

    /// <summary>Largest number that counts; beyond it sums of squares lose their meaning.</summary>
    private const double ValueMax = 1e12;

    /// <summary>Most hashes of one goal: each unit under today's and yesterday's key.</summary>
    public const int HashesMax = 2 * UnitsMax;

    /// <summary>Most bytes of one goal in the event: names, uid, value, and the hashes in hexadecimal.</summary>
    public const int GoalBytesMax = 96 + Bucketing.UidBytesMax + (HashesMax * (VisitorHashes.UnitHashChars + 3));

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _bufferOfThread;

    [ThreadStatic]
    private static Utf8JsonWriter? _writerOfThread;

    /// <summary>
    /// The member <c>goals</c> of an event, raw JSON that is valid until the next call on this thread; empty when it
    /// reaches none.
    /// </summary>
    /// <param name="request">The request that reports it.</param>
    /// <param name="visitor">Its sender.</param>
    /// <param name="project">Project of the sender.</param>
    /// <param name="e">The event.</param>
    public ReadOnlySpan<byte> Match(in VisitRequest request, in Visitor visitor, string project, ReceivedEvent e)
    {
        var goals = catalog.Current.GoalsOf(e.Event.Span);
        if (goals.Length == 0)
        {
            return default;
        }

        // A page is judged like a visit; a server's user agent and address say nothing about its visitor.
        var isPage = !request.Origin.IsEmpty;
        if (isPage && visitor.Judgement.Verdict.IsMachine())
        {
            return default;
        }

        Span<byte> room = stackalloc byte[Bucketing.UnitBytesMax];
        var unit = visitors.ReadUnit(request, visitor, null, room, out var source, out _);
        var isVisitor = isPage || source.IsNamed();
        var json = Begin(out var buffer);
        var count = 0;
        foreach (var experiment in goals)
        {
            if (
                count < GoalsMax
                && (experiment.Team.Length == 0 || experiment.Team == project)
                && TryReadValue(experiment, e, out var value)
            )
            {
                count++;
                Begin(json, experiment, value);
                WriteHashes(json, experiment, isVisitor ? unit : default, source.IsNamed(), visitor);
                WriteHashes(json, experiment, e.UserId.Span, isNamed: true, visitor);
                WriteHashes(json, experiment, e.UnitKey.Span, isNamed: true, visitor);
                WriteHashes(json, experiment, e.AnonymousId.Span, isNamed: true, visitor);
                End(json);
            }
        }

        return count == 0 ? default : Finish(json, buffer);
    }

    /// <summary>Most bytes of the member <c>goals</c> of an event.</summary>
    public int BytesMax(ReceivedEvent e) =>
        Math.Min(GoalsMax, catalog.Current.GoalsOf(e.Event.Span).Length) * GoalBytesMax;

    /// <summary>The same for an event of one experiment, whose unit is known.</summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="e">The event.</param>
    /// <param name="unit">Hashes of its unit; empty when it has none.</param>
    /// <param name="verdict">The verdict on its sender.</param>
    /// <param name="isServer">
    /// Whether a server reports it with a key. Its verdict keeps it out of the counts, and its conversion is one
    /// nevertheless.
    /// </param>
    public static ReadOnlySpan<byte> Match(
        CatalogEntry experiment,
        ReceivedEvent e,
        in UnitHashes unit,
        Verdict verdict,
        bool isServer
    )
    {
        var isConversion = isServer && e.Type == "conversion" && experiment.CountsConversions;
        if (
            unit.Today.IsEmpty
            || (!isConversion && !experiment.IsGoalEvent(e.Type))
            || (!isServer && verdict.IsMachine())
            || !TryReadValue(experiment, e, out var value)
        )
        {
            return default;
        }

        var json = Begin(out var buffer);
        Begin(json, experiment, value);
        WriteHashes(json, experiment, unit);
        End(json);
        return Finish(json, buffer);
    }

    private static Utf8JsonWriter Begin(out ArrayBufferWriter<byte> buffer)
    {
        buffer = _bufferOfThread ??= new ArrayBufferWriter<byte>(1024);
        var json = _writerOfThread ??= new Utf8JsonWriter(buffer);
        buffer.ResetWrittenCount();
        json.Reset(buffer);
        json.WriteStartArray();
        return json;
    }

    /// <summary>
    /// The number that counts for the experiment, null when the event itself does; false when an event has none, or one
    /// that is negative: it does not reach the goal then.
    /// </summary>
    private static bool TryReadValue(CatalogEntry experiment, ReceivedEvent e, out double? value)
    {
        value = null;
        if (experiment.GoalProperty is not { } property)
        {
            return true;
        }
        if (e.Properties.IsEmpty)
        {
            return false;
        }

        var reader = new Utf8JsonReader(e.Properties.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isProperty = reader.ValueTextEquals(property);
            reader.Read();
            if (isProperty && reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var number))
            {
                value = number is >= 0 and <= ValueMax ? number : null;
            }
            reader.Skip();
        }

        return value is not null;
    }

    private static void Begin(Utf8JsonWriter json, CatalogEntry experiment, double? value)
    {
        json.WriteStartObject();
        json.WriteString(EventSchema.ExperimentUid.Encoded, experiment.UidUtf8);
        if (value is { } number)
        {
            json.WriteNumber("value"u8, number);
        }
        json.WriteStartArray("unit_hashes"u8);
    }

    private static void End(Utf8JsonWriter json)
    {
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static ReadOnlySpan<byte> Finish(Utf8JsonWriter json, ArrayBufferWriter<byte> buffer)
    {
        json.WriteEndArray();
        json.Flush();
        return buffer.WrittenSpan;
    }

    private void WriteHashes(
        Utf8JsonWriter json,
        CatalogEntry experiment,
        ReadOnlySpan<byte> id,
        bool isNamed,
        in Visitor visitor
    )
    {
        if (!id.IsEmpty)
        {
            var unit = Visit.UnitOf(id, stackalloc byte[Bucketing.UnitBytesMax]);
            Span<byte> room = stackalloc byte[VisitorReader.UnitRoomBytes];
            WriteHashes(
                json,
                experiment,
                visitors.HashUnit(experiment, unit, isNamed, visitor.Now, joins: true, room)
            );
        }
    }

    /// <summary>Trials of stable units are known by their stable hash alone.</summary>
    private static void WriteHashes(Utf8JsonWriter json, CatalogEntry experiment, in UnitHashes hashes)
    {
        if (experiment.HasStableUnits)
        {
            if (!hashes.Stable.IsEmpty)
            {
                json.WriteStringValue(hashes.Stable);
            }

            return;
        }

        json.WriteStringValue(hashes.Today);
        if (!hashes.Yesterday.IsEmpty)
        {
            json.WriteStringValue(hashes.Yesterday);
        }
    }
}
