using Xunit;

namespace Edge.Tests.Support;

/// <summary>
/// Where the published native binary is. <c>make test</c> publishes it and names it in EDGE_BINARY; without that the
/// tests that need it look at the place <c>make publish</c> writes to, and are skipped with that hint when nothing is
/// there.
/// </summary>
internal static class EdgeBinary
{
    public static string Path
    {
        get
        {
            var named = Environment.GetEnvironmentVariable("EDGE_BINARY");
            if (!string.IsNullOrEmpty(named))
            {
                return named;
            }

            var published = System.IO.Path.Combine(Repository.Root, "artifacts", "edge", "edge");
            Assert.SkipUnless(File.Exists(published), "needs the native binary: run make publish, or make test");
            return published;
        }
    }
}
