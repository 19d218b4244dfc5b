using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Xunit;

namespace Edge.Tests.Support;

/// <summary>
/// A real ClickHouse of its own: configuration and data in a temp directory, free ports, of loopback unless it is put
/// elsewhere, stopped by pid. Made for Debian's 18.16, the oldest version the sink is written for.
/// </summary>
internal sealed class ClickHouseServer : IAsyncDisposable
{
    public const string Password = "correct horse";

    private const string Binary = "/usr/sbin/clickhouse-server";
    private const string OtherBinary = "/usr/bin/clickhouse-server";
    private const int Sigterm = 15;
    private const int Sigkill = 9;
    private static readonly TimeSpan StartDeadline = Wait.Limit;
    private static readonly TimeSpan PollPause = TimeSpan.FromMilliseconds(20);

    private readonly TempDirectory _directory = new();
    private readonly HttpClient _client;
    private readonly Place _place;
    private Process? _process;

    private ClickHouseServer(Place place)
    {
        _place = place;
        Port = EdgeProcess.FreePort();
        _client = new HttpClient
        {
            BaseAddress = new Uri($"http://{place.Address}:{Port}/"),
            Timeout = Wait.Limit,
        };
        _client.DefaultRequestHeaders.Add("X-ClickHouse-User", "default");
        _client.DefaultRequestHeaders.Add("X-ClickHouse-Key", Password);
    }

    /// <summary>Of the HTTP interface.</summary>
    public int Port { get; }

    public static void SkipUnlessInstalled() =>
        Assert.SkipUnless(
            File.Exists(Binary) || File.Exists(OtherBinary),
            "needs a ClickHouse server: apt-get install clickhouse-server"
        );

    public static async Task<ClickHouseServer> StartAsync(Place? place = null)
    {
        SkipUnlessInstalled();
        var server = new ClickHouseServer(place ?? Place.Loopback);
        var address = server._place.Address;
        var root = server._directory.Path;
        await File.WriteAllTextAsync(
            Path.Combine(root, "config.xml"),
            $"""
            <yandex>
              <logger><level>warning</level><log>{root}/log</log><errorlog>{root}/errors</errorlog></logger>
              <http_port>{server.Port}</http_port><tcp_port>{EdgeProcess.FreePort()}</tcp_port><listen_host>{address}</listen_host>
              <path>{root}/data/</path><tmp_path>{root}/tmp/</tmp_path><users_config>users.xml</users_config>
              <default_profile>default</default_profile><default_database>default</default_database><mark_cache_size>67108864</mark_cache_size>
            </yandex>
            """
        );
        await File.WriteAllTextAsync(
            Path.Combine(root, "users.xml"),
            $"""
            <yandex><profiles><default/></profiles><quotas><default/></quotas>
              <users><default><password>{Password}</password><networks><ip>{address}/24</ip></networks><profile>default</profile><quota>default</quota></default></users>
            </yandex>
            """
        );
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts the server after a stop or a kill and waits until it answers.</summary>
    public async Task StartAgainAsync()
    {
        var clock = Stopwatch.StartNew();
        string[] command =
        [
            .. _place.Command,
            File.Exists(Binary) ? Binary : OtherBinary,
            $"--config-file={_directory["config.xml"]}",
        ];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = _directory.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _ = _process.StandardOutput.ReadToEndAsync();
        var error = _process.StandardError.ReadToEndAsync();
        while (true)
        {
            try
            {
                if ((await _client.GetAsync("ping")).IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
            if (_process.HasExited)
            {
                Assert.Fail($"the server ended with {_process.ExitCode}: {await error}");
            }

            Assert.True(clock.Elapsed < StartDeadline, "the server does not start");
            await Task.Delay(PollPause);
        }
    }

    /// <summary>The answer to one statement; an error of the server fails the test.</summary>
    public async Task<string> QueryAsync(string sql)
    {
        var response = await _client.PostAsync("", new StringContent(sql, Encoding.UTF8));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return text.TrimEnd('\n');
    }

    public async Task<long> CountAsync(string sql) => long.Parse(await QueryAsync(sql), CultureInfo.InvariantCulture);

    public async Task<string[]> LinesAsync(string sql) =>
        (await QueryAsync(sql)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public Task KillAsync() => EndAsync(Sigkill);

    public Task StopAsync() => EndAsync(Sigterm);

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process?.Dispose();
        _client.Dispose();
        _directory.Dispose();
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

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int pid, int signal);
}
