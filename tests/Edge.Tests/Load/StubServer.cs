using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Edge.Tests.Load;

/// <summary>
/// A server of HTTP/1.1 that behaves as badly as a test needs: a thread for each connection asks what to answer to a
/// request, given as text, and may be kept waiting by it.
/// </summary>
internal sealed class StubServer : IDisposable
{
    /// <summary>43 bytes that begin like a GIF.</summary>
    public static readonly byte[] Gif = Answer("200 OK", "GIF89a".PadRight(43));

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<string, byte[]> _answer;

    public StubServer(Func<string, byte[]> answer)
    {
        _answer = answer;
        _listener.Start(backlog: 512);
        Start(Accept);
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public static byte[] Answer(string status, string body, string headers = "") =>
        Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\n{headers}\r\n{body}");

    public void Dispose() => _listener.Dispose();

    private static void Start(ThreadStart work) => new Thread(work) { IsBackground = true }.Start();

    private void Accept()
    {
        try
        {
            while (true)
            {
                var socket = _listener.AcceptSocket();
                Start(() => Serve(socket));
            }
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    private void Serve(Socket socket)
    {
        using (socket)
        {
            socket.NoDelay = true;
            var buffer = new byte[65_536];
            var length = 0;
            try
            {
                while (socket.Receive(buffer.AsSpan(length)) is > 0 and var count)
                {
                    length += count;
                    var text = Encoding.ASCII.GetString(buffer, 0, length);
                    if (IsWhole(text))
                    {
                        length = 0;
                        _ = socket.Send(_answer(text));
                    }
                }
            }
            catch (SocketException)
            {
                // The client has gone.
            }
        }
    }

    private static bool IsWhole(string request)
    {
        var end = request.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var at = request.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
        var length = at < 0 || at > end ? 0 : int.Parse(request[(at + 16)..request.IndexOf('\r', at)]);
        return end >= 0 && request.Length >= end + 4 + length;
    }
}
