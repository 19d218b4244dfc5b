using System.Globalization;

namespace Edge.Tests.Support;

/// <summary>What runs of damaged input have in common.</summary>
internal static class FuzzSetting
{
    /// <summary>The number in an environment variable.</summary>
    public static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number)
            ? number
            : otherwise;

    /// <summary>Resident memory of a process, bytes.</summary>
    public static long ResidentBytes(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/status")
            .First(each => each.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture)
            << 10;
    }
}
