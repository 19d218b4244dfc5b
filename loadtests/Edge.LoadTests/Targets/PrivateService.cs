using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using Edge.LoadTests.Generation;
using Edge.LoadTests.Scenarios;

namespace Edge.LoadTests.Targets;

/// <summary>
/// An Edge of this run alone: the native binary on a free loopback port, with a temporary data directory, an
/// experiment, keys, and without the limits that protect it from a single sender. Ended by its process id, and its
/// files removed. Environment variables of the caller (EDGE__...) reach it.
/// </summary>
internal sealed partial class PrivateService : IAsyncDisposable
{
    private const int Sigterm = 15;
    private const string FileSink = "file";
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(30);

    private static readonly Dictionary<string, string> Settings = new(StringComparer.Ordinal)
    {
        ["EDGE__CLIENTADDRESS__TRUSTEDPROXIES"] = "127.0.0.1",
        ["EDGE__API__REQUESTSPERMINUTE"] = "1000000",
        ["EDGE__INGEST__ADDRESSPERMINUTE"] = "0",
        ["EDGE__INGEST__MILLIMETRICPERSECOND"] = "0",
        ["EDGE__INGEST__REQUIREWRITEKEY"] = "true",
        ["EDGE__LOGGING__LEVEL"] = "warning",
    };

    private readonly string _binary;
    private readonly DirectoryInfo _directory;
    private readonly Process _process;
    private readonly Task _output;

    private PrivateService(string binary, DirectoryInfo directory, Process process, Uri address)
    {
        (_binary, _directory, _process, Address) = (binary, directory, process, address);
        _output = KeepOutputAsync();
    }

    public Uri Address { get; }

    public int ProcessId => _process.Id;

    /// <param name="binary">The native binary.</param>
    /// <param name="cores">The cores it may use, as taskset names them; null for all.</param>
    /// <param name="settings">More settings, as environment variables.</param>
    /// <param name="isHttp2">Whether it speaks HTTP/2, and that alone.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="UsageException">There is no such binary, or it does not start.</exception>
    public static async Task<PrivateService> StartAsync(
        string binary,
        string? cores,
        IReadOnlyDictionary<string, string> settings,
        bool isHttp2,
        CancellationToken cancellation
    )
    {
        if (!File.Exists(binary))
        {
            throw new UsageException(
                $"no binary at {binary}: run make publish, or name one with --binary, or a service with --url"
            );
        }

        var directory = Directory.CreateTempSubdirectory("edge-load-");
        PrivateService service;
        try
        {
            service = Launch(binary, cores, settings, isHttp2, directory);
        }
        catch
        {
            directory.Delete(recursive: true);
            throw;
        }

        try
        {
            using var client = HttpClientGenerator.Client(
                new GeneratorOptions { Address = service.Address, IsHttp2 = isHttp2 }
            );
            await service.UntilReadyAsync(client, cancellation);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>The service as a target, with a key of every kind.</summary>
    public async Task<Target> TargetAsync(string run, CancellationToken cancellation)
    {
        var keys = new List<string>
        {
            (await File.ReadAllTextAsync(Path.Combine(_directory.FullName, "first.key"), cancellation)).Trim(),
        };
        foreach (var kind in (string[])["write", "millimetric-sk", "artie"])
        {
            keys.Add(await CommandAsync(cancellation, "keys", "create", "--kind", kind, "--data-dir", Data));
        }

        var experiment = await ReadExperimentAsync(cancellation);
        return new Target
        {
            Address = Address,
            Admin = Address,
            IsPrivate = true,
            Forwarded = Path.Combine(Data, "forwarded"),
            SinkSwitch = (Switch("pause"), Switch("resume")),
            ProcessId = ProcessId,
            Traffic = new Traffic
            {
                Run = run,
                Experiment = experiment.Slug,
                Destinations = [experiment.Destination],
                Keys = keys,
                NamesAddresses = true,
            },
        };
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _ = Kill(_process.Id, Sigterm);
            using var deadline = new CancellationTokenSource(StopDeadline);
            try
            {
                await _process.WaitForExitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
                await _process.WaitForExitAsync(CancellationToken.None);
            }
        }

        await _output;
        _process.Dispose();
        _directory.Delete(recursive: true);
    }

    private string Data => Path.Combine(_directory.FullName, "data");

    private string Log => Path.Combine(_directory.FullName, "log");

    private static string ExperimentFiles => Path.Combine(AppContext.BaseDirectory, "experiments");

    private string Switch(string action) => $"'{_binary}' sink {action} {FileSink} --data-dir '{Data}'";

    private static async Task<(string Slug, string Destination)> ReadExperimentAsync(CancellationToken cancellation)
    {
        await using var file = File.OpenRead(Directory.GetFiles(ExperimentFiles)[0]);
        using var experiment = await JsonDocument.ParseAsync(file, cancellationToken: cancellation);
        return (
            experiment.RootElement.GetProperty("slug").GetString()!,
            experiment.RootElement.GetProperty("goalConfig").GetProperty("destinationUrl").GetString()!
        );
    }

    /// <summary>Starts the binary in a directory of its own.</summary>
    private static PrivateService Launch(
        string binary,
        string? cores,
        IReadOnlyDictionary<string, string> settings,
        bool isHttp2,
        DirectoryInfo directory
    )
    {
        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        var data = Path.Combine(directory.FullName, "data");
        var experiments = Directory.CreateDirectory(Path.Combine(data, "experiments"));
        foreach (var file in Directory.GetFiles(ExperimentFiles))
        {
            File.Copy(file, Path.Combine(experiments.FullName, Path.GetFileName(file)));
        }

        string[] serve = [binary, "serve", "--data-dir", data, "--urls", address.ToString()];
        string[] line = cores is null ? serve : ["taskset", "-c", cores, .. serve];
        var start = new ProcessStartInfo(line[0], line[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in Settings.Concat(settings))
        {
            start.Environment.TryAdd(name, value);
        }

        start.Environment["EDGE__HTTP__PROTOCOL"] = isHttp2 ? "http2" : "http1";
        start.Environment["EDGE__API__FIRSTKEYFILE"] = Path.Combine(directory.FullName, "first.key");
        return new PrivateService(binary, directory, Start(start), address);
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new UsageException($"{start.FileName} cannot be started: {e.Message}");
        }
    }

    private async Task UntilReadyAsync(HttpClient client, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < StartDeadline && !_process.HasExited)
        {
            try
            {
                using var response = await client.GetAsync(new Uri(Address, "/readyz"), cancellation);
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellation);
        }

        if (_process.HasExited)
        {
            await _output;
        }

        var said = (await File.ReadAllLinesAsync(Log, cancellation)).LastOrDefault() ?? "it said nothing";
        throw new UsageException($"{_binary} does not start: {said}");
    }

    private async Task<string> CommandAsync(CancellationToken cancellation, params string[] arguments)
    {
        using var command = Process.Start(
            new ProcessStartInfo(_binary, arguments) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        var error = command.StandardError.ReadToEndAsync(cancellation);
        string output;
        try
        {
            output = await command.StandardOutput.ReadToEndAsync(cancellation);
            await command.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            // It would write into the directory that is about to be removed.
            command.Kill();
            await command.WaitForExitAsync(CancellationToken.None);
            throw;
        }

        return command.ExitCode == 0 ? output.Trim() : throw new UsageException($"{_binary}: {(await error).Trim()}");
    }

    private async Task KeepOutputAsync()
    {
        await using var log = new StreamWriter(Log) { AutoFlush = true };
        var synchronized = TextWriter.Synchronized(log);
        await Task.WhenAll(CopyAsync(_process.StandardOutput), CopyAsync(_process.StandardError));

        async Task CopyAsync(StreamReader from)
        {
            while (await from.ReadLineAsync() is { } line)
            {
                await synchronized.WriteLineAsync(line);
            }
        }
    }

    /// <summary>A port that nobody listens on at this moment.</summary>
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
