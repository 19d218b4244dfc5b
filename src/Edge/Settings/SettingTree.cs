namespace Edge.Settings;

/// <summary>A setting as a document shows it.</summary>
/// <param name="Key">Dotted key.</param>
/// <param name="Meaning">What it sets.</param>
/// <param name="Shape">What its value looks like.</param>
/// <param name="Value">Its value as text.</param>
internal sealed record SettingLeaf(string Key, string Meaning, SettingShape Shape, string Value = "")
{
    public static SettingLeaf Of<TOptions>(Setting<TOptions> setting, string value = "") =>
        new(setting.Key, setting.Meaning, setting.Shape, value);
}

/// <summary>Settings nested as <c>edge.json</c> nests them, in the order of their table.</summary>
internal sealed class SettingTree
{
    private readonly List<(string Name, SettingTree Node)> _children = [];

    /// <summary>Members of this object; none for a setting.</summary>
    public IReadOnlyList<(string Name, SettingTree Node)> Children => _children;

    /// <summary>The setting; null for an object of settings.</summary>
    public SettingLeaf? Leaf { get; private set; }

    public static SettingTree Of(IEnumerable<SettingLeaf> leaves)
    {
        var root = new SettingTree();
        foreach (var leaf in leaves)
        {
            var node = root;
            foreach (var name in leaf.Key.Split('.'))
            {
                node = node.Child(name);
            }

            node.Leaf = leaf;
        }

        return root;
    }

    private SettingTree Child(string name)
    {
        foreach (var (known, node) in _children)
        {
            if (known == name)
            {
                return node;
            }
        }

        var child = new SettingTree();
        _children.Add((name, child));
        return child;
    }
}
