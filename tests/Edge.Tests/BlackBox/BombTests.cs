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
/// Small bodies that want to become large ones, and large ones that want to cost much, 64 at once: all are refused, and
/// together they take no more memory than the setting for bodies being read grants. How long a refusal takes is
/// printed, not asserted.
/// </summary>
public class BombTests(ITestOutputHelper output)
{
    private const int Parallel = 64;
    private const int BodyBytesMax = 10 << 20;
    private const long InFlightBytes = 64L << 20;

    /// <summary>
    /// What the process needs besides: itself, buffers of connections, and pooled arrays that wait for their next use.
    /// </summary>
    private const long OtherBytesMax = 256L << 20;

    private static readonly TimeSpan AnswerWait = Wait.Limit;

    public static TheoryData<string, bool> Bombs() =>
        new()
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
        if (isGzip && bomb != "zeros in many members of gzip")
        {
            body = Gzip(body, CompressionLevel.Optimal);
        }

        using var data = new TempDirectory();
        var (exitCode, secret, error) = await EdgeProcess.RunAsync([
            "keys",
            "create",
            "--kind",
            "artie",
            "--project",
            "p",
            "--data-dir",
            data.Path,
        ]);
        Assert.True(exitCode == 0, error);
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            ["--demo"],
            [("EDGE__INGEST__INFLIGHTBYTES", InFlightBytes.ToString(CultureInfo.InvariantCulture))]
        );

        var answers = PostAll(edge.Address, Request(secret.Trim(), body, isGzip));

        var peak = PeakBytes(edge.Pid);
        output.WriteLine(
            $"{bomb}: {body.Length} bytes sent; {string.Join(", ", answers.CountBy(a => a.Status).Select(each => $"{each.Value} x {each.Key}"))}; "
                + $"slowest {answers.Max(a => a.Milliseconds)} ms, "
                + $"median {answers.Select(a => a.Milliseconds).Order().ElementAt(Parallel / 2)} ms; peak memory {peak >> 20} MiB"
        );
        // 503 while others hold the memory for bodies, 500 being Artie's word for it.
        Assert.All(answers, answer => Assert.Contains(answer.Status, (int[])[400, 413, 500, 503]));
        Assert.Contains(answers, answer => answer.Status is 400 or 413);
        Assert.InRange(peak, 0, InFlightBytes + OtherBytesMax);
        Assert.Equal(0, await edge.StopAsync());
        Assert.DoesNotContain("xception", await edge.Error, StringComparison.Ordinal);
    }

    private static byte[] Make(string bomb) =>
        bomb switch
        {
            "zeros" => new byte[256 << 20],
            "zeros in many members of gzip" =>
            [
                .. Enumerable
                    .Repeat(Gzip(new byte[1 << 20], CompressionLevel.Optimal), 512)
                    .SelectMany(member => member),
            ],
            "spaces around one event" => Fill("[", ' ', "]", 64 << 20),
            "nested arrays" => Fill("", '[', "", BodyBytesMax),
            "nested objects" => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", BodyBytesMax / 5))),
            "one long text" => Fill(
                "[{\"event\":\"",
                'x',
                "\",\"properties\":{},\"timestamp\":\"2025-10-29T22:00:00Z\"}]",
                BodyBytesMax
            ),
            "one event of many members" => Encoding.ASCII.GetBytes(
                $"[{{{string.Join(',', Enumerable.Range(0, 700_000).Select(n => $"\"{n}\":{n % 10}"))}}}]"
            ),
            _ => Encoding.ASCII.GetBytes(
                $"[{string.Concat(Enumerable.Repeat("{\"event\":\"a\",\"properties\":{},\"timestamp\":\"2025-10-29T22:00:00Z\"},", 150_000))}1]"
            ),
        };

    private static byte[] Request(string secret, byte[] body, bool isGzip) =>
        [
            .. Encoding.ASCII.GetBytes(
                $"POST /v1/bulk-track HTTP/1.1\r\nHost: e\r\nAuthorization: Bearer {secret}\r\nContent-Type: application/json\r\n"
                    + $"{(isGzip ? "Content-Encoding: gzip\r\n" : "")}Content-Length: {body.Length}\r\n\r\n"
            ),
            .. body,
        ];

    private static byte[] Fill(string start, char fill, string end, int bytes)
    {
        var body = new byte[bytes];
        Array.Fill(body, (byte)fill);
        Encoding.ASCII.GetBytes(start, body);
        Encoding.ASCII.GetBytes(end, body.AsSpan(bytes - end.Length));
        return body;
    }

    /// <summary>
    /// Sends the request over as many connections at once and reads the status of each answer, which may come long
    /// before the request's end. All on one thread, because what the sender takes of the processors it measures as the
    /// server's.
    /// </summary>
    private static List<(int Status, long Milliseconds)> PostAll(Uri address, byte[] request)
    {
        var senders = Enumerable
            .Range(0, Parallel)
            .Select(_ => new Sender(address, request))
            .ToDictionary(sender => sender.Socket);
        var answers = new List<(int, long)>();
        while (senders.Count > 0)
        {
            var readable = senders.Keys.ToList();
            var writable = senders.Values.Where(sender => sender.HasMore).Select(sender => sender.Socket).ToList();
            Socket.Select(readable, writable, null, AnswerWait);
            Assert.True(readable.Count + writable.Count > 0, "no answer");
            foreach (var socket in readable)
            {
                answers.Add(senders[socket].Receive());
                senders.Remove(socket);
                socket.Dispose();
            }
            foreach (var socket in writable)
            {
                if (senders.TryGetValue(socket, out var sender))
                {
                    sender.Send();
                }
            }
        }
        return answers;
    }

    private sealed class Sender
    {
        private const int PieceBytes = 16 << 10;

        private readonly byte[] _request;
        private int _sent;
        private long _started;

        public Sender(Uri address, byte[] request)
        {
            _request = request;
            Socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            Socket.Connect(address.Host, address.Port);
            Socket.Blocking = false;
        }

        public Socket Socket { get; }

        public bool HasMore => _sent < _request.Length;

        public void Send()
        {
            if (_sent == 0)
            {
                _started = Stopwatch.GetTimestamp();
            }

            _sent += Socket.Send(
                _request.AsSpan(_sent, Math.Min(PieceBytes, _request.Length - _sent)),
                SocketFlags.None,
                out var error
            );

            // Whoever has refused the body may have closed the connection; what it answered can still be read.
            if (error is not (SocketError.Success or SocketError.WouldBlock))
            {
                _sent = _request.Length;
            }
        }

        public (int Status, long Milliseconds) Receive()
        {
            Span<byte> status = stackalloc byte["HTTP/1.1 400".Length];
            Assert.Equal(status.Length, Socket.Receive(status));
            return (
                RawHttp.Status(Encoding.ASCII.GetString(status)),
                (long)Stopwatch.GetElapsedTime(_started).TotalMilliseconds
            );
        }
    }

    private static long PeakBytes(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/status")
            .First(each => each.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture)
            << 10;
    }
}
