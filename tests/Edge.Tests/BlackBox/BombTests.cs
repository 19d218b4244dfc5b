using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net.Sockets;
using System.Text;
using Edge.Tests.Support;
using Xunit;
using static Edge.Tests.Support.Packing;

namespace Edge.Tests.BlackBox;

/// <summary>
/// Small bodies that want to become large ones, and large ones that want to cost much, 64 at once: all are refused, and together they take no
/// more memory than the setting for bodies being read grants. How long a refusal takes is printed, not asserted.
/// </summary>
public class BombTests(ITestOutputHelper output)
{
    private const int Parallel = 64;
    private const int BodyBytesMax = 10 << 20;
    private const long InFlightBytes = 64L << 20;

    /// <summary>What the process needs besides: itself, buffers of connections, and pooled arrays that wait for their next use.</summary>
    private const long OtherBytesMax = 256L << 20;

    public static TheoryData<string, bool> Bombs() => new()
    {
        { "zeros", true },
        { "zeros in many members of gzip", true },
        { "spaces around one event", true },
        { "nested arrays", true },
        { "nested arrays", false },
        { "nested objects", false },
        { "one long text", true },
        { "one event of many members", true },
        { "many small events, one wrong at the end", true },
    };

    [Theory]
    [MemberData(nameof(Bombs))]
    public async Task Bomb_ManyAtOnce_AreRefusedInBoundedMemory(string bomb, bool isGzip)
    {
        var body = Make(bomb);
        if (isGzip && bomb != "zeros in many members of gzip") body = Gzip(body, CompressionLevel.Optimal);
        using var data = new TempDirectory();
        var (exitCode, secret, error) = await EdgeProcess.RunAsync(["keys", "create", "--kind", "artie", "--project", "p", "--data-dir", data.Path]);
        Assert.True(exitCode == 0, error);
        await using var edge = await EdgeProcess.StartAsync(
            data.Path, ["--demo"], [("EDGE__INGEST__INFLIGHTBYTES", InFlightBytes.ToString(CultureInfo.InvariantCulture))]);

        var answers = await Task.WhenAll(Enumerable.Range(0, Parallel).Select(_ => PostAsync(edge.Address, secret.Trim(), body, isGzip)));

        var peak = PeakBytes(edge.Pid);
        output.WriteLine($"{bomb}: {body.Length} bytes sent; {string.Join(", ", answers.CountBy(a => a.Status).Select(each => $"{each.Value} x {each.Key}"))}; "
            + $"slowest {answers.Max(a => a.Milliseconds)} ms, "
            + $"median {answers.Select(a => a.Milliseconds).Order().ElementAt(Parallel / 2)} ms; peak memory {peak >> 20} MiB");
        // 503 while others hold the memory for bodies, 500 being Artie's word for it.
        Assert.All(answers, answer => Assert.Contains(answer.Status, (int[])[400, 413, 500, 503]));
        Assert.Contains(answers, answer => answer.Status is 400 or 413);
        Assert.InRange(peak, 0, InFlightBytes + OtherBytesMax);
        Assert.Equal(0, await edge.StopAsync());
        Assert.DoesNotContain("xception", await edge.Error, StringComparison.Ordinal);
    }

    private static byte[] Make(string bomb) => bomb switch
    {
        "zeros" => new byte[256 << 20],
        "zeros in many members of gzip" => [.. Enumerable.Repeat(Gzip(new byte[1 << 20], CompressionLevel.Optimal), 512).SelectMany(member => member)],
        "spaces around one event" => Fill("[", ' ', "]", 64 << 20),
        "nested arrays" => Fill("", '[', "", BodyBytesMax),
        "nested objects" => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", BodyBytesMax / 5))),
        "one long text" => Fill("[{\"event\":\"", 'x', "\",\"properties\":{},\"timestamp\":\"2025-10-29T22:00:00Z\"}]", BodyBytesMax),
        "one event of many members" => Encoding.ASCII.GetBytes(
            $"[{{{string.Join(',', Enumerable.Range(0, 700_000).Select(n => $"\"{n}\":{n % 10}"))}}}]"),
        _ => Encoding.ASCII.GetBytes(
            $"[{string.Concat(Enumerable.Repeat("{\"event\":\"a\",\"properties\":{},\"timestamp\":\"2025-10-29T22:00:00Z\"},", 150_000))}1]"),
    };

    private static byte[] Fill(string start, char fill, string end, int bytes)
    {
        var body = new byte[bytes];
        Array.Fill(body, (byte)fill);
        Encoding.ASCII.GetBytes(start, body);
        Encoding.ASCII.GetBytes(end, body.AsSpan(bytes - end.Length));
        return body;
    }

    /// <summary>Sends the body and, while it is under way, reads: the answer may come long before its end.</summary>
    private static async Task<(int Status, long Milliseconds)> PostAsync(Uri address, string secret, byte[] body, bool isGzip)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        var stream = client.GetStream();
        var head = $"POST /v1/bulk-track HTTP/1.1\r\nHost: e\r\nAuthorization: Bearer {secret}\r\nContent-Type: application/json\r\n"
            + $"{(isGzip ? "Content-Encoding: gzip\r\n" : "")}Content-Length: {body.Length}\r\n\r\n";
        var started = Stopwatch.GetTimestamp();
        var sending = SendAsync();
        var status = new byte["HTTP/1.1 400".Length];
        await stream.ReadExactlyAsync(status);
        var elapsed = (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        client.Close();
        await sending;
        return (RawHttp.Status(Encoding.ASCII.GetString(status)), elapsed);

        async Task SendAsync()
        {
            try
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
                await stream.WriteAsync(body);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // Nobody wants the rest.
            }
        }
    }

    private static long PeakBytes(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/status").First(each => each.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) << 10;
    }
}
