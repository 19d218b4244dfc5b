using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Edge.Experiments.Reading;
using Edge.Fleet;
using Edge.Fleet.Following;

namespace Edge.Benchmarks;

/// <summary>
/// How fast a change of one of 10,000 experiments reaches 100 edges, and what it costs the origin: the real program as
/// the origin, a process of its own; edges that ask, verify and remember what real ones do, and serve nobody.
/// </summary>
internal static class FleetBenchmark
{
    private const string Id = "benchmark";
    private const string Secret = "4f1d9c2ab7e35f8806cd41e7930b5a6e";
    private const string FirstKey = "mk_4f1d9c2ab7e35f8806cd41e7930b5a6ec0ffee77";
    private const int Edges = 100;
    private const int Changes = 20;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(30);

    public static async Task<int> RunAsync(string binary, TextWriter output)
    {
        var directory = Directory.CreateTempSubdirectory("edge-benchmark-").FullName;
        using var origin = await StartAsync(binary, directory);
        try
        {
            await MeasureAsync(origin, output);
            return 0;
        }
        finally
        {
            origin.Process.Kill();
            await origin.Process.WaitForExitAsync();
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task MeasureAsync(Node origin, TextWriter output)
    {
        var edges = Enumerable.Range(0, Edges).Select(number => new SimulatedEdge(origin.Address, number)).ToArray();
        var (began, cpu) = (Stopwatch.GetTimestamp(), origin.Cpu);
        await Task.WhenAll(edges.Select(static edge => edge.AskAsync()));
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"start: {Edges} edges have {ManyExperiments.Count} experiments after {Ms(began):F0} ms,"
                    + $" {Sent(edges) / 1e6:F1} MB sent, {Sent(edges) / Edges / 1e3:F0} kB each, origin {Cpu(cpu):F0} ms of processor time, {origin.MiB:F0} MiB"
            )
        );

        cpu = origin.Cpu;
        // Ends only when one of them fails.
        var failed = Task.WhenAny(edges.Select(static edge => edge.FollowAsync())).Unwrap();
        await Task.Delay(Quiet);
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"quiet: {Quiet.TotalSeconds} s with {Edges} edges waiting, origin {Cpu(cpu):F0} ms of processor time"
            )
        );

        var (slowest, middle, sent) = (new List<double>(), new List<double>(), Sent(edges));
        cpu = origin.Cpu;
        for (var change = 0; change < Changes; change++)
        {
            var reached = edges.Select(static edge => edge.NextAsync()).ToArray();
            began = Stopwatch.GetTimestamp();
            await origin.ChangeAsync(isPause: change % 2 == 0);
            await await Task.WhenAny(Task.WhenAll(reached), failed);
            double[] times = [.. reached.Select(at => Stopwatch.GetElapsedTime(began, at.Result).TotalMilliseconds).Order()];
            slowest.Add(times[^1]);
            middle.Add(times[times.Length / 2]);
        }

        slowest.Sort();
        middle.Sort();
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"change: from the request that makes it to the last of {Edges} edges {slowest[Changes / 2]:F0} ms (median of {Changes}), {slowest[^1]:F0} ms (most);"
                    + $" to the middle edge {middle[Changes / 2]:F0} ms; {(Sent(edges) - sent) / Changes / 1e3:F0} kB sent for each change,"
                    + $" origin {Cpu(cpu) / Changes:F0} ms of processor time for each, {origin.MiB:F0} MiB"
            )
        );

        double Cpu(TimeSpan before) => (origin.Cpu - before).TotalMilliseconds;
        static double Ms(long since) => Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        static double Sent(SimulatedEdge[] edges) => edges.Sum(static edge => edge.Bytes);
    }

    private static async Task<Node> StartAsync(string binary, string directory)
    {
        var experiments = Directory.CreateDirectory(Path.Combine(directory, "experiments")).FullName;
        for (var number = 0; number < ManyExperiments.Count; number++)
        {
            await File.WriteAllBytesAsync(
                Path.Combine(experiments, $"{number:x8}.json"),
                ExperimentWriter.WriteStored(ManyExperiments.One(number))
            );
        }

        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        var address = new Uri($"http://127.0.0.1:{port}");
        var start = new ProcessStartInfo(binary, ["serve", "--data-dir", directory, "--urls", address.ToString()])
        {
            RedirectStandardError = true,
        };
        foreach (
            var (name, value) in new[]
            {
                ("ROLE", "origin"),
                ("FLEET__ID", Id),
                ("FLEET__SECRET", Secret),
                ("API__FIRSTKEY", FirstKey),
            }
        )
        {
            start.Environment["EDGE__" + name] = value;
        }

        var node = new Node(Process.Start(start)!, address);
        node.Process.BeginErrorReadLine();
        while (!await node.IsReadyAsync())
        {
            await Task.Delay(50);
        }

        return node;
    }

    /// <summary>The origin.</summary>
    private sealed class Node(Process process, Uri address) : IDisposable
    {
        private readonly HttpClient _client = new() { BaseAddress = address };

        public Process Process => process;

        public Uri Address => address;

        public TimeSpan Cpu
        {
            get
            {
                process.Refresh();
                return process.TotalProcessorTime;
            }
        }

        public double MiB
        {
            get
            {
                process.Refresh();
                return process.WorkingSet64 / (double)(1 << 20);
            }
        }

        public async Task<bool> IsReadyAsync()
        {
            try
            {
                return (await _client.GetAsync("/readyz")).IsSuccessStatusCode;
            }
            catch (HttpRequestException) when (!process.HasExited)
            {
                return false;
            }
        }

        public async Task ChangeAsync(bool isPause)
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Post,
                $"/experiments/api/exp_{2:x8}/{(isPause ? "pause" : "start")}"
            );
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", FirstKey);
            using var response = await _client.SendAsync(request);
            if (!response.IsSuccessStatusCode)
            {
                throw new InvalidOperationException(await response.Content.ReadAsStringAsync());
            }
        }

        public void Dispose()
        {
            _client.Dispose();
            process.Dispose();
        }
    }

    /// <summary>
    /// Asks as an edge does and verifies what comes; of the first edition only its first line, because a hundred edges
    /// would otherwise unpack on one machine what each unpacks on its own.
    /// </summary>
    private sealed class SimulatedEdge(Uri origin, int number)
    {
        private static readonly FleetSecret Fleet = new(Id, Secret);
        private static readonly HttpClient Client = new() { Timeout = Timeout.InfiniteTimeSpan };

        private volatile TaskCompletionSource<long> _next = NewNext();
        private string _tag = "";

        /// <summary>Bytes of all bodies.</summary>
        public double Bytes { get; private set; }

        /// <summary>When the next edition has been verified, as a timestamp of the stopwatch.</summary>
        public Task<long> NextAsync() => _next.Task;

        public async Task FollowAsync()
        {
            while (true)
            {
                if (await AskAsync())
                {
                    var reached = _next;
                    _next = NewNext();
                    reached.SetResult(Stopwatch.GetTimestamp());
                }
            }
        }

        public async Task<bool> AskAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(origin, OriginClient.Path + "?wait=25"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Fleet.Token);
            request.Headers.Add(OriginClient.NodeHeader, $"edge-{number}");
            request.Headers.Add(OriginClient.InstanceHeader, $"{number}");
            if (_tag.Length > 0)
            {
                request.Headers.TryAddWithoutValidation("If-None-Match", _tag);
            }

            using var response = await Client.SendAsync(request);
            if (response.StatusCode == HttpStatusCode.NotModified)
            {
                return false;
            }

            var body = await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync();
            Bytes += body.Length;
            await using var gzip = new GZipStream(new MemoryStream(body), CompressionMode.Decompress);
            if (_tag.Length == 0)
            {
                using var reader = new StreamReader(gzip, Encoding.UTF8);
                var tag = EditionTag.Parse(response.Headers.ETag!.ToString())!;
                if (!tag.IsSignedBy(Fleet) || !(await reader.ReadLineAsync())!.Contains(tag.Signature, StringComparison.Ordinal))
                {
                    throw new InvalidOperationException("not signed");
                }
            }
            else
            {
                await EditionDocument.ReadAsync(gzip, Id, EditionDocument.BytesMax, static tag => tag.IsSignedBy(Fleet), CancellationToken.None);
            }

            _tag = response.Headers.ETag!.ToString();
            return true;
        }

        private static TaskCompletionSource<long> NewNext() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
