using System.Net.Sockets;
using System.Text;

namespace Edge.Commands;

/// <summary>
/// One GET to a service on this machine: HTTP/1.1 over a plain socket, an answer with a length or to its end.
/// </summary>
internal static class HttpGet
{
    private const int FirstBufferBytes = 4_096;

    /// <summary>
    /// Status and body. Throws <see cref="SocketException"/>, <see cref="IOException"/> or, at the deadline, a
    /// cancellation.
    /// </summary>
    /// <param name="target">What to ask for; http only.</param>
    /// <param name="maxBytes">Most bytes of the answer that are read.</param>
    /// <param name="deadline">When to give up.</param>
    public static async Task<(int Status, string Body)> AskAsync(Uri target, int maxBytes, CancellationToken deadline)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(target.Host, target.Port, deadline);
        var stream = client.GetStream();
        var request = $"GET {target.PathAndQuery} HTTP/1.1\r\nHost: {target.Authority}\r\nConnection: close\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), deadline);

        var buffer = new byte[FirstBufferBytes];
        var length = 0;
        while (await stream.ReadAsync(buffer.AsMemory(length), deadline) is > 0 and var count)
        {
            length += count;
            if (length == buffer.Length)
            {
                if (length >= maxBytes)
                {
                    break;
                }

                Array.Resize(ref buffer, Math.Min(maxBytes, 2 * length));
            }
        }
        var text = Encoding.UTF8.GetString(buffer, 0, length);
        var parts = text.Split(' ', 3);
        if (parts.Length < 3 || !int.TryParse(parts[1], out var status))
        {
            throw new IOException("the answer is not HTTP");
        }

        var bodyAt = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return (status, bodyAt < 0 ? "" : text[(bodyAt + 4)..].Trim());
    }
}
