using Edge.Tests.Support;
using Xunit;

namespace Edge.FaultTests;

/// <summary>
/// Where the native binary with the fault points is (compiled with EdgeFaults=true): it can end itself at a named
/// point, let a chosen system call fail, and hold one planted bug. <c>make test</c> publishes it and names it in
/// EDGE_FAULT_BINARY. It is never shipped.
/// </summary>
internal static class FaultBuild
{
    public static string Path
    {
        get
        {
            var named = Environment.GetEnvironmentVariable("EDGE_FAULT_BINARY");
            if (!string.IsNullOrEmpty(named))
            {
                return named;
            }

            var published = System.IO.Path.Combine(Repository.Root, "artifacts", "edge-faults", "edge");
            Assert.SkipUnless(
                File.Exists(published),
                "needs the native binary with fault points: run make publish-faults, or make test"
            );
            return published;
        }
    }
}
