using System.Net;
using System.Net.Sockets;
using System.Text;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Clients that keep their connections while the service stops.</summary>
public class DrainTests
{
    private const int Clients = 8;

    /// <summary>Fewer than the backlog of one listening socket.</summary>
    private const int Waiting = 400;

    [Fact]
    public async Task Stop_WhileClientsPost_LosesNoRequest()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            ["--demo"],
            [("EDGE__HTTP__STOPGRACEMS", "1500")]
        );
        var posters = Enumerable.Range(0, Clients).Select(i => new Poster(edge.Address, $"drain-{i}")).ToArray();
        var running = posters.Select(poster => poster.RunAsync()).ToArray();
        await Wait.UntilAsync(() => posters.All(poster => poster.Answered > 20), () => "too few answers");

        Assert.Equal(0, await edge.StopAsync());
        await Task.WhenAll(running);

        Assert.All(posters, poster => Assert.Equal(0, poster.Lost));
        Assert.All(posters, poster => Assert.Equal(Poster.Returns, poster.ToldToLeave));
        var clicks = Forwarded
            .Lines(data.Path)
            .Count(line => line.Contains("\"type\":\"click\"", StringComparison.Ordinal));
        Assert.Equal(posters.Sum(poster => poster.Answered), clicks);
    }

    /// <summary>Without a grace period, too, what clients had sent to the event loops before the stop is answered.</summary>
    [Fact]
    public async Task Stop_WithoutGrace_AnswersPixelsThatHaveCome()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            ["--demo"],
            [("EDGE__HTTP__STOPGRACEMS", "0")]
        );
        // While it is held, connections and requests wait with the kernel.
        edge.Hold();
        var clients = Enumerable.Range(0, Waiting).Select(_ => new TcpClient()).ToArray();
        var request = "GET /s/demo-ab/pixel.gif HTTP/1.1\r\nHost: edge\r\n\r\n"u8.ToArray();
        foreach (var client in clients)
        {
            await client.ConnectAsync(edge.Address.Host, edge.Address.Port, TestContext.Current.CancellationToken);
            await client.GetStream().WriteAsync(request, TestContext.Current.CancellationToken);
        }

        var stopping = edge.StopAsync();
        edge.GoOn();

        Assert.Equal(0, await stopping);
        foreach (var client in clients)
        {
            using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
            var answer = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
            Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
            client.Dispose();
        }
    }

    [Fact]
    public async Task Stop_WhileAClientOfHttp2Asks_SendsGoAwayAndAnswersEverything()
    {
        using var data = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            ["--demo"],
            [("EDGE__HTTP__PROTOCOL", "http2"), ("EDGE__HTTP__STOPGRACEMS", "3000")],
            version: HttpVersion.Version20
        );
        using var client = new TcpClient();
        await client.ConnectAsync(edge.Address.Host, edge.Address.Port);
        var connection = new Http2Connection(client.GetStream());
        await connection.BeginAsync();
        Assert.Equal((true, false), await connection.AskAsync("/s/demo-ab/pixel.gif"));

        var stopping = edge.StopAsync();
        (bool IsAnswered, bool IsGoingAway) last;
        do
        {
            last = await connection.AskAsync("/s/demo-ab/pixel.gif");
            Assert.True(last.IsAnswered);
        } while (!last.IsGoingAway);

        Assert.Equal(0, await stopping);
    }

    /// <summary>
    /// A client of HTTP/2 that looks at the frames (RFC 9113), as no library lets one; one request at a time.
    /// </summary>
    private sealed class Http2Connection(NetworkStream stream)
    {
        private const byte Headers = 1;
        private const byte Settings = 4;
        private const byte Ping = 6;
        private const byte GoAway = 7;
        private const byte EndStream = 1;
        private const byte EndOfHeadersAndStream = 5;
        private const byte Acknowledgement = 1;

        private int _stream = -1;
        private bool _isGoingAway;

        public async Task BeginAsync()
        {
            await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
            await WriteAsync(Settings, 0, 0, []);
        }

        /// <summary>Whether the request was answered to its end, and whether GOAWAY has come by then or right after.</summary>
        public async Task<(bool IsAnswered, bool IsGoingAway)> AskAsync(string path)
        {
            _stream += 2;
            // Indexed fields of HPACK's static table, and two literals: :method GET, :scheme http, :path, :authority.
            byte[] block = [0x82, 0x86, 0x04, (byte)path.Length, .. Encoding.ASCII.GetBytes(path), 0x01, 4, .. "edge"u8];
            await WriteAsync(Headers, EndOfHeadersAndStream, _stream, block);
            while (await ReadAsync() is var (type, flags, id))
            {
                if (id == _stream && type is 0 or Headers && (flags & EndStream) != 0)
                {
                    // A PING comes back behind what was sent before it.
                    await WriteAsync(Ping, 0, 0, new byte[8]);
                    while (await ReadAsync() is { Type: not Ping }) { }
                    return (true, _isGoingAway);
                }
            }

            return (false, _isGoingAway);
        }

        /// <summary>The next frame, noted or acknowledged where that is due; null when there are no more.</summary>
        private async Task<(byte Type, byte Flags, int Stream)?> ReadAsync()
        {
            var head = new byte[9];
            if (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false) < head.Length)
            {
                return null;
            }

            await stream.ReadExactlyAsync(new byte[(head[0] << 16) | (head[1] << 8) | head[2]]);
            _isGoingAway |= head[3] == GoAway;
            if (head[3] == Settings && (head[4] & Acknowledgement) == 0)
            {
                await WriteAsync(Settings, Acknowledgement, 0, []);
            }

            return (head[3], head[4], (head[5] << 24) | (head[6] << 16) | (head[7] << 8) | head[8]);
        }

        private ValueTask WriteAsync(byte type, byte flags, int id, byte[] payload) =>
            stream.WriteAsync(
                (byte[])
                    [
                        0,
                        (byte)(payload.Length >> 8),
                        (byte)payload.Length,
                        type,
                        flags,
                        0,
                        0,
                        (byte)(id >> 8),
                        (byte)id,
                        .. payload,
                    ]
            );
    }

    /// <summary>
    /// One client: posts on one connection until it is told to leave, and returns a few times, as one does that looks
    /// for another node only when it is told again.
    /// </summary>
    private sealed class Poster(Uri address, string unit)
    {
        public const int Returns = 20;

        private readonly byte[] _request = Encoding.ASCII.GetBytes(
            $"POST /s/demo-ab/click?u={unit} HTTP/1.1\r\nHost: edge\r\nContent-Length: 4\r\n\r\nPING"
        );

        private volatile int _answered;

        public int Answered => _answered;

        public int Lost { get; private set; }

        public int ToldToLeave { get; private set; }

        public async Task RunAsync()
        {
            while (ToldToLeave < Returns && Lost == 0)
            {
                using var client = new TcpClient { NoDelay = true };
                await client.ConnectAsync(address.Host, address.Port);
                await PostAsync(client.GetStream());
            }
        }

        private async Task PostAsync(NetworkStream stream)
        {
            var buffer = new byte[4_096];
            while (true)
            {
                var answer = "";
                try
                {
                    await stream.WriteAsync(_request);
                    while (!answer.EndsWith("\r\n\r\n", StringComparison.Ordinal))
                    {
                        var read = await stream.ReadAsync(buffer);
                        if (read == 0)
                        {
                            break;
                        }

                        answer += Encoding.ASCII.GetString(buffer, 0, read);
                    }
                }
                catch (IOException)
                {
                    // Counted below.
                }

                if (!answer.StartsWith("HTTP/1.1 204", StringComparison.Ordinal))
                {
                    Lost++;
                    return;
                }

                _answered++;
                if (answer.Contains("\r\nConnection: close\r\n", StringComparison.Ordinal))
                {
                    ToldToLeave++;
                    return;
                }

                await Task.Delay(1);
            }
        }
    }
}
