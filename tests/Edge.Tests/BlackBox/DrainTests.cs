using System.Net.Sockets;
using System.Text;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Clients that keep their connections while the service stops.</summary>
public class DrainTests
{
    private const int Clients = 8;

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
