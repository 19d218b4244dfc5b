namespace Edge.Endpoints.Operations;

/// <summary>
/// Which listener a request came in on, and what the public one shows. Connections of the admin listener carry a mark
/// from the moment they are accepted: neither a port, which two addresses may share and a socket file does not have,
/// nor the host name, which the client chooses, says where a request came in. Immutable and thread safe.
/// </summary>
/// <param name="isSeparate">Whether there is an admin listener; without one every listener is public.</param>
/// <param name="hasManagement">Whether the management API is on the admin listener alone.</param>
/// <param name="publicPages">Paths of the operations pages that the public listener shows without an admin one.</param>
internal sealed class AdminListener(bool isSeparate, bool hasManagement, IEnumerable<string> publicPages)
{
    private readonly string[] _publicPages = isSeparate ? [] : [.. publicPages];

    /// <summary>The feature that marks a connection.</summary>
    public sealed class Mark
    {
        public static readonly Mark Instance = new();
    }

    /// <summary>Whether the management API is not on the public listener.</summary>
    public bool HasManagement => hasManagement;

    /// <summary>Whether a request came in on the admin listener.</summary>
    public bool Received(HttpContext context) => isSeparate && IsMarked(context);

    /// <summary>Whether the public listener shows an operations page.</summary>
    public bool IsPublic(string path) => Array.IndexOf(_publicPages, path) >= 0;

    /// <summary>
    /// Whether the sender may see what is internal, such as host names: anybody may be behind the public listener.
    /// </summary>
    public static bool IsMarked(HttpContext context) => context.Features.Get<Mark>() is not null;
}
