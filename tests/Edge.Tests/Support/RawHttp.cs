using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Edge.Tests.Support;

/// <summary>Sends bytes as they are and reads whatever comes back: for requests no HTTP client would send.</summary>
internal static class RawHttp
{
    private const int QuietMs = 200;

    /// <summary>
    /// The answer as Latin-1 text until the server closes or answers completely; empty when it closed without one.
    /// </summary>
    /// <param name="address">The server.</param>
    /// <param name="request">The bytes.</param>
    /// <param name="from">The address to connect from; null lets the kernel choose.</param>
    public static async Task<string> SendAsync(Uri address, byte[] request, IPAddress? from = null)
    {
        using var client = new TcpClient(new IPEndPoint(from ?? IPAddress.Any, 0));
        using var deadline = new CancellationTokenSource(Wait.Limit);
        await client.ConnectAsync(address.Host, address.Port, deadline.Token);
        var stream = client.GetStream();
        var answer = new MemoryStream();
        var buffer = new byte[16_384];
        var isHalfClosed = false;
        try
        {
            await stream.WriteAsync(request, deadline.Token);
            while (true)
            {
                var read = stream.ReadAsync(buffer, deadline.Token).AsTask();
                // A request that says nothing of closing, or is not finished, is ended by us once the server has gone
                // quiet.
                if (!isHalfClosed && await Task.WhenAny(read, Task.Delay(QuietMs, deadline.Token)) != read)
                {
                    client.Client.Shutdown(SocketShutdown.Send);
                    isHalfClosed = true;
                }
                var length = await read;
                if (length == 0)
                {
                    break;
                }

                answer.Write(buffer, 0, length);
            }
        }
        catch (IOException)
        {
            // The server may close before it has read everything; what it said until then counts.
        }
        return Encoding.Latin1.GetString(answer.ToArray());
    }

    public static Task<string> SendAsync(Uri address, string request, IPAddress? from = null) =>
        SendAsync(address, Encoding.Latin1.GetBytes(request), from);

    /// <summary>The status code of an answer, or 0 when there was none.</summary>
    public static int Status(string answer) =>
        answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) ? int.Parse(answer[9..12]) : 0;
}
