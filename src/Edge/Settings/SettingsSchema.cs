using System.Text.Json;
using Edge.Forwarding;
using Edge.Settings.Sinks;

namespace Edge.Settings;

/// <summary>
/// The JSON Schema (draft 2020-12) of <c>edge.json</c>, by which editors complete and check it. It is wider than the
/// program, which also knows units, addresses and what goes together: <c>edge check</c> has the last word.
/// </summary>
internal static class SettingsSchema
{
    /// <summary>Member of the file that names its schema; it has no meaning for the program.</summary>
    public const string Member = "$schema";

    private const string Draft = "https://json-schema.org/draft/2020-12/schema";

    /// <summary>Writes the schema.</summary>
    public static void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString(Member, Draft);
        json.WriteString("title", "Settings of Edge");
        json.WriteString("type", "object");
        json.WriteBoolean("additionalProperties", false);
        json.WriteStartObject("properties");
        json.WriteStartObject(Member);
        json.WriteString("type", "string");
        json.WriteEndObject();
        WriteProperties(json, SettingTree.Of(EdgeSettings.All.Select(static setting => SettingLeaf.Of(setting))));
        WriteSinks(json);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteSinks(Utf8JsonWriter json)
    {
        json.WriteStartObject(SinkConfiguration.Prefix.TrimEnd('.'));
        json.WriteString("description", "Destinations of events by name.");
        json.WriteString("type", "object");
        json.WriteStartObject("additionalProperties");
        var type = new SettingLeaf(
            SinkSettings.TypeKey,
            "Type of the sink; not needed when it is named like one.",
            new SettingShape(SettingKind.Choice, Choices: [.. SinkTypes.All.Select(SinkTypes.Word)])
        );
        WriteObject(
            json,
            SettingTree.Of([type, .. SinkSettings.All.Select(static setting => SettingLeaf.Of(setting))])
        );
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteObject(Utf8JsonWriter json, SettingTree tree)
    {
        json.WriteString("type", "object");
        json.WriteBoolean("additionalProperties", false);
        json.WriteStartObject("properties");
        WriteProperties(json, tree);
        json.WriteEndObject();
    }

    private static void WriteProperties(Utf8JsonWriter json, SettingTree tree)
    {
        foreach (var (name, node) in tree.Children)
        {
            json.WriteStartObject(name);
            if (node.Leaf is { } leaf)
            {
                json.WriteString("description", leaf.Meaning);
                WriteShape(json, leaf);
            }
            else
            {
                WriteObject(json, node);
            }

            json.WriteEndObject();
        }
    }

    private static void WriteShape(Utf8JsonWriter json, SettingLeaf leaf)
    {
        switch (leaf.Shape.Kind)
        {
            case SettingKind.Flag:
                json.WriteString("type", "boolean");
                break;
            case SettingKind.Number:
                WriteTypes(json, SettingValue.HasUnit(leaf.Key) ? ["integer", "string"] : ["integer"]);
                json.WriteNumber("minimum", leaf.Shape.Min);
                json.WriteNumber("maximum", leaf.Shape.Max);
                break;
            case SettingKind.Choice:
                WriteWords(json, leaf.Shape.Choices);
                break;
            case SettingKind.List:
                WriteTypes(json, ["array", "string"]);
                json.WriteStartObject("items");
                WriteTypes(json, ["string", "integer"]);
                json.WriteEndObject();
                break;
            case SettingKind.Map:
                WriteTypes(json, ["object", "string"]);
                break;
            default:
                json.WriteString("type", "string");
                break;
        }
    }

    private static void WriteWords(Utf8JsonWriter json, string[] words)
    {
        json.WriteStartArray("enum");
        foreach (var word in words)
        {
            json.WriteStringValue(word);
        }

        json.WriteEndArray();
    }

    private static void WriteTypes(Utf8JsonWriter json, string[] types)
    {
        json.WriteStartArray("type");
        foreach (var type in types)
        {
            json.WriteStringValue(type);
        }

        json.WriteEndArray();
    }
}
