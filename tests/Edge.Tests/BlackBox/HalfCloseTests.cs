using System.Net.Sockets;
using System.Text;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Clients that end their side of the connection with the last bytes of their request.</summary>
public class HalfCloseTests
{
    private const string Event = """{"event":"view","experiment":"demo-ab"}""";

    // tcp(7): what is written goes out once the option is cleared or the side is shut, with the end in the last packet.
    private const int IPPROTO_TCP = 6;
    private const int TCP_CORK = 3;

    private static readonly int[] BodyBytes = [1_000, 4_000, 5_000, 16_000, 17_000, 33_000, 100_000, 640_000, 1_000_000];

    [Theory]
    [InlineData("loops", "length")]
    [InlineData("loops", "chunked")]
    [InlineData("sockets", "length")]
    [InlineData("sockets", "chunked")]
    public async Task Post_ThatEndsWithTheConnection_IsAnswered(string transport, string framing)
    {
        using var data = new TempDirectory();
        await using var edge = await StartAsync(data.Path, transport);

        foreach (var bytes in BodyBytes)
        {
            var answer = await SendAsync(edge.Address, RequestOf(framing, bytes));

            Assert.True(RawHttp.Status(answer) == 200, $"{bytes} bytes: {answer}");
        }
    }

    /// <summary>A body that was broken off is no event.</summary>
    [Theory]
    [InlineData("loops", "length")]
    [InlineData("loops", "chunked")]
    [InlineData("sockets", "length")]
    [InlineData("sockets", "chunked")]
    public async Task Post_WhoseBodyIsBrokenOff_IsNotStored(string transport, string framing)
    {
        using var data = new TempDirectory();
        await using var edge = await StartAsync(data.Path, transport);

        foreach (var bytes in BodyBytes)
        {
            var answer = await SendAsync(edge.Address, RequestOf(framing, bytes)[..^8]);

            Assert.False(RawHttp.Status(answer) == 200, $"{bytes} bytes: {answer}");
        }

        Assert.Equal(0, await edge.StopAsync());
        Assert.DoesNotContain(Forwarded.Lines(data.Path), static line => line.Contains("\"type\":\"view\"", StringComparison.Ordinal));
    }

    private static Task<EdgeProcess> StartAsync(string dataDir, string transport) =>
        EdgeProcess.StartAsync(dataDir, environment: [("EDGE__HTTP__TRANSPORT", transport)]);

    /// <summary>An event, and blanks behind it.</summary>
    private static byte[] RequestOf(string framing, int bytes)
    {
        var body = Event.PadRight(bytes);
        var (header, framed) =
            framing == "chunked"
                ? ("Transfer-Encoding: chunked", $"{bytes:x}\r\n{body}\r\n0\r\n\r\n")
                : ($"Content-Length: {bytes}", body);
        return Encoding.ASCII.GetBytes(
            $"POST /s/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{header}\r\n\r\n{framed}"
        );
    }

    private static async Task<string> SendAsync(Uri address, byte[] request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        client.Client.SetRawSocketOption(IPPROTO_TCP, TCP_CORK, BitConverter.GetBytes(1));
        var stream = client.GetStream();
        try
        {
            await stream.WriteAsync(request);
            client.Client.Shutdown(SocketShutdown.Send);
            return await new StreamReader(stream, Encoding.Latin1).ReadToEndAsync();
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }
}
