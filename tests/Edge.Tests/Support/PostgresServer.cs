using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Npgsql;
using Xunit;

namespace Edge.Tests.Support;

/// <summary>
/// A real PostgreSQL of its own: data in a temp directory, a free port, of loopback unless it is put elsewhere, stopped
/// by pid. It refuses to run as root, so as root it is run as the system's user postgres. Writes are not synced: tests kill processes, not the
/// power.
/// </summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    public const string Password = "correct horse";

    private const string User = "postgres";
    private const string Binaries = "/usr/lib/postgresql";

    /// <summary>For what the test itself asks: a busy machine takes its time.</summary>
    private const string Patiently = ";Timeout=60";
    private const int Sigint = 2;
    private const int Sigkill = 9;
    private static readonly TimeSpan StartDeadline = Wait.Limit;
    private static readonly TimeSpan PollPause = TimeSpan.FromMilliseconds(20);

    private readonly string _directory;
    private readonly string _binaries;
    private readonly Place _place;
    private Process? _process;
    private Task<string>? _messages;
    private int _databases;

    private PostgresServer(string directory, string binaries, Place place)
    {
        _directory = directory;
        _binaries = binaries;
        _place = place;
        Port = EdgeProcess.FreePort();
    }

    public int Port { get; }

    /// <summary>Everything the server has said since it was last started; complete once it has ended.</summary>
    public Task<string> Messages => _messages!;

    public static bool IsInstalled => FindBinaries() is not null;

    public static void SkipUnlessInstalled() =>
        Assert.SkipUnless(IsInstalled, "needs a PostgreSQL server: apt-get install postgresql");

    public static async Task<PostgresServer> StartAsync(Place? place = null)
    {
        SkipUnlessInstalled();
        var directory = Directory.CreateTempSubdirectory("edge-postgres-").FullName;
        var server = new PostgresServer(directory, FindBinaries()!, place ?? Place.Loopback);
        var passwordFile = Path.Combine(directory, "password");
        await File.WriteAllTextAsync(passwordFile, Password);
        if (Environment.UserName == "root")
        {
            await RunAsync("chown", "-R", User, directory);
        }

        await server.RunAsUserAsync(
            "initdb",
            "--pgdata",
            server.Data,
            "--username",
            User,
            "--pwfile",
            passwordFile,
            "--auth",
            "scram-sha-256",
            "--encoding",
            "UTF8",
            "--locale",
            "C",
            "--no-sync",
            "--no-instructions"
        );
        // What initdb writes lets loopback in alone.
        await File.AppendAllTextAsync(
            Path.Combine(server.Data, "pg_hba.conf"),
            $"host all all {server._place.Address}/24 scram-sha-256\n"
        );
        await server.StartAgainAsync();
        return server;
    }

    private string Data => Path.Combine(_directory, "data");

    /// <summary>Starts the server after a stop or a kill and waits until it takes connections.</summary>
    public async Task StartAgainAsync()
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            Launch();
            while (!_process!.HasExited)
            {
                if (await CanConnectAsync())
                {
                    return;
                }

                Assert.True(clock.Elapsed < StartDeadline, "the server does not start");
                await Task.Delay(PollPause);
            }
            // After a kill its children may hold the data directory for a moment longer.
            if (clock.Elapsed > StartDeadline)
            {
                Assert.Fail($"the server ended with {_process.ExitCode}: {await Messages}");
            }

            await Task.Delay(PollPause);
        }
    }

    /// <summary>A new empty database; its connection string, with the password unless another is named.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"test_{Interlocked.Increment(ref _databases)}");
        await ExecuteAsync(ConnectionTo("postgres"), $"CREATE DATABASE {name}");
        return ConnectionTo(name);
    }

    public static async Task ExecuteAsync(string connection, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connection + Patiently);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first column of every row as text.</summary>
    public static async Task<string[]> QueryAsync(string connection, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connection + Patiently);
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(Convert.ToString(reader.GetValue(0), CultureInfo.InvariantCulture)!);
        }

        return [.. rows];
    }

    public static async Task<long> CountAsync(string connection, string table) =>
        long.Parse((await QueryAsync(connection, $"SELECT count(*) FROM {table}"))[0], CultureInfo.InvariantCulture);

    /// <summary>kill -9 of the server; its children end by themselves.</summary>
    public Task KillAsync() => EndAsync(Sigkill);

    /// <summary>A stop that breaks every connection.</summary>
    public Task StopAsync() => EndAsync(Sigint);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process?.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>The newest version that is installed.</summary>
    private static string? FindBinaries() =>
        Directory.Exists(Binaries)
            ? Directory
                .GetDirectories(Binaries)
                .Select(version => Path.Combine(version, "bin"))
                .Where(binaries => File.Exists(Path.Combine(binaries, "initdb")))
                .Order(StringComparer.Ordinal)
                .LastOrDefault()
            : null;

    private string ConnectionTo(string database) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"Host={_place.Address};Port={Port};Username={User};Password={Password};Database={database};Pooling=false;Timeout=5"
        );

    private void Launch()
    {
        string[] settings =
        [
            $"listen_addresses={_place.Address}",
            $"port={Port}",
            $"unix_socket_directories={_directory}",
            "fsync=off",
            "max_connections=40",
        ];
        var start = Describe("postgres", ["-D", Data, .. settings.SelectMany(setting => new[] { "-c", setting })]);
        _process?.Dispose();
        _process = Process.Start(start)!;
        _ = _process.StandardOutput.ReadToEndAsync();
        _messages = _process.StandardError.ReadToEndAsync();
    }

    private async Task<bool> CanConnectAsync()
    {
        try
        {
            await ExecuteAsync(ConnectionTo("postgres"), "SELECT 1");
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private async Task EndAsync(int signal)
    {
        if (_process is null || _process.HasExited)
        {
            return;
        }

        _ = Kill(_process.Id, signal);
        await _process.WaitForExitAsync();
    }

    private ProcessStartInfo Describe(string program, string[] arguments)
    {
        string[] command =
        [
            .. _place.Command,
            .. Environment.UserName == "root"
                ? new[] { "setpriv", "--reuid", User, "--regid", User, "--clear-groups" }
                : [],
            Path.Combine(_binaries, program),
            .. arguments,
        ];
        var start = new ProcessStartInfo(command[0], command[1..]);
        start.WorkingDirectory = _directory;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    private Task RunAsUserAsync(string program, params string[] arguments) => RunAsync(Describe(program, arguments));

    private static Task RunAsync(string program, params string[] arguments) =>
        RunAsync(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true }
        );

    private static async Task RunAsync(ProcessStartInfo start)
    {
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{start.FileName}: {await output} {error}");
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int pid, int signal);
}
