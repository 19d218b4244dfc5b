using System.ComponentModel;
using System.Diagnostics;

namespace Edge.FaultTests.Disk;

/// <summary>Runs a system tool such as mount to its end.</summary>
internal static class SystemCommand
{
    private const int TimeoutMs = 120_000;

    /// <summary>Null when it succeeded, else what it said.</summary>
    public static string? TryRun(string name, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(name, arguments)
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            };
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(TimeoutMs))
            {
                process.Kill();
                return $"{name} did not end within {TimeoutMs} ms";
            }
            if (process.ExitCode == 0)
            {
                return null;
            }

            return $"{name} ended with {process.ExitCode}: {(error.Result + output.Result).Trim().ReplaceLineEndings(" ")}";
        }
        catch (Win32Exception e)
        {
            return $"{name} cannot be run: {e.Message}";
        }
    }

    public static void Run(string name, params string[] arguments)
    {
        if (TryRun(name, arguments) is { } problem)
        {
            throw new IOException(problem);
        }
    }
}
