using System.Diagnostics;

namespace Edge.LoadTests.Commands;

/// <summary>
/// Takes a sink away and gives it back, by the commands of the shell that do it; always gives it back.
/// </summary>
internal sealed class SinkSwitch((string Off, string On)? commands) : IDisposable
{
    private enum Position
    {
        NotYetOff,
        Off,
        OnAgain,
    }

    private Position _position = commands is null ? Position.OnAgain : Position.NotYetOff;

    /// <summary>Switches as a run has come so far.</summary>
    public async Task FollowAsync((TimeSpan Off, TimeSpan On) at, TimeSpan elapsed)
    {
        if (_position == Position.NotYetOff && elapsed >= at.Off)
        {
            _position = Position.Off;
            await RunAsync(commands!.Value.Off);
        }
        else if (_position == Position.Off && elapsed >= at.On)
        {
            await OnAsync();
        }
    }

    /// <summary>Gives the sink back if it is away.</summary>
    public async Task OnAsync()
    {
        if (_position == Position.Off)
        {
            _position = Position.OnAgain;
            try
            {
                await RunAsync(commands!.Value.On);
            }
            catch (UsageException e)
            {
                throw new UsageException($"the sink stays paused until you give it back: {e.Message}");
            }
        }
    }

    public void Dispose()
    {
        if (_position == Position.Off)
        {
            using var shell = Start(commands!.Value.On);
            shell.WaitForExit();
        }
    }

    private static async Task RunAsync(string command)
    {
        using var shell = Start(command);
        var output = shell.StandardOutput.ReadToEndAsync();
        var error = await shell.StandardError.ReadToEndAsync();
        await output;
        await shell.WaitForExitAsync();
        if (shell.ExitCode != 0)
        {
            throw new UsageException($"{command} ended with {shell.ExitCode}: {error.Trim()}");
        }
    }

    private static Process Start(string command) =>
        Process.Start(
            new ProcessStartInfo("/bin/sh", ["-c", command])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
}
