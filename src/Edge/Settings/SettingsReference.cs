using System.Text.Encodings.Web;
using System.Text.Json;
using Edge.Forwarding;
using Edge.Settings.Sinks;

namespace Edge.Settings;

/// <summary>
/// An <c>edge.json</c> with every setting at its default and its meaning above it, to copy lines from. Sinks other than
/// the default one are comments, because a setting of a sink turns it on.
/// </summary>
internal static class SettingsReference
{
    private const string Indent = "  ";

    /// <summary>Writes the file.</summary>
    public static void Write(TextWriter output)
    {
        var defaults = new EdgeOptions();
        output.WriteLine("// Every setting of Edge with its default. Copy what you change; edge.minimal.json is where to begin.");
        output.WriteLine("{");
        WriteMembers(
            output,
            SettingTree.Of(
                EdgeSettings.All.Select(setting => SettingLeaf.Of(setting, DefaultOf(setting, defaults)))
            ),
            Indent,
            isLast: false
        );
        output.WriteLine();
        output.WriteLine($"{Indent}// Destinations of events by name. The sink \"file\" is there unless it is disabled.");
        output.WriteLine($"{Indent}\"sinks\": {{");
        // The one that is no comment comes last, so that those above it may lose theirs.
        foreach (var type in SinkTypes.All.OrderBy(IsDefault))
        {
            WriteSink(output, type);
        }

        output.WriteLine($"{Indent}}}");
        output.WriteLine("}");
    }

    /// <summary>The name of this machine is no default that a file could hold.</summary>
    private static string DefaultOf(Setting<EdgeOptions> setting, EdgeOptions defaults) =>
        setting.Key == EdgeSettings.NodeKey ? "" : setting.Read(defaults);

    private static void WriteSink(TextWriter output, SinkType type)
    {
        var word = SinkTypes.Word(type);
        var defaults = new SinkOptions(word, type);
        var isThere = IsDefault(type);
        var indent = Indent + Indent + (isThere ? "" : "// ");
        output.WriteLine($"{indent}\"{word}\": {{");
        WriteMembers(
            output,
            SettingTree.Of(
                SinkSettings
                    .All.Where(setting => setting.Types.HasFlag(type))
                    .Select(setting => SettingLeaf.Of(setting, setting.Read(defaults)))
            ),
            indent + Indent,
            isLast: true
        );
        output.WriteLine($"{indent}}}{(isThere ? "" : ",")}");
    }

    private static bool IsDefault(SinkType type) => SinkTypes.Word(type) == SinkConfiguration.DefaultName;

    /// <param name="output">Takes the lines.</param>
    /// <param name="tree">The members.</param>
    /// <param name="indent">What each line begins with.</param>
    /// <param name="isLast">Whether no member follows.</param>
    private static void WriteMembers(TextWriter output, SettingTree tree, string indent, bool isLast)
    {
        for (var i = 0; i < tree.Children.Count; i++)
        {
            var (name, node) = tree.Children[i];
            var comma = isLast && i == tree.Children.Count - 1 ? "" : ",";
            if (node.Leaf is { } leaf)
            {
                output.WriteLine($"{indent}// {leaf.Meaning}");
                output.WriteLine($"{indent}\"{name}\": {Json(leaf)}{comma}");
            }
            else
            {
                output.WriteLine($"{indent}\"{name}\": {{");
                WriteMembers(output, node, indent + Indent, isLast: true);
                output.WriteLine($"{indent}}}{comma}");
            }
        }
    }

    private static string Json(SettingLeaf leaf) =>
        leaf.Shape.Kind switch
        {
            SettingKind.Flag or SettingKind.Number => leaf.Value,
            SettingKind.List => $"[{string.Join(", ", SettingValue.Items(leaf.Value).Select(Quoted))}]",
            SettingKind.Map => "{}",
            _ => Quoted(leaf.Value),
        };

    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
}
