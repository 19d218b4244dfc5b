using Edge.Storage.Faults;

namespace Edge.Fleet.Following;

/// <summary>The fault build's half of <see cref="CatalogFollower"/>.</summary>
internal sealed partial class CatalogFollower
{
    static partial void InjectBinding(ref EditionTag? binding) =>
        binding = Bugs.Planted(Bug.OlderCatalog) ? null : binding;
}
