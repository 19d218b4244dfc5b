using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Edge.FaultTests.Oracle;
using Edge.Tests.Support;

namespace Edge.FaultTests.Load;

/// <summary>
/// One connection that loads pixels and follows links, one after the other. It speaks HTTP itself: a client library
/// repeats a request when its connection breaks, and then one event of the outside ledger would be two of the service.
/// </summary>
internal sealed class Visitor(int number, Uri address, OutsideLedger ledger, Random random) : IDisposable
{
    /// <summary>Three of four visits load the pixel.</summary>
    private const int ClickEvery = 4;

    private const int AnswerMaxBytes = 4_096;

    /// <summary>No answer may take longer, whatever the disk does.</summary>
    public static readonly TimeSpan AnswerDeadline = Wait.Limit;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _answer = new byte[AnswerMaxBytes];

    /// <summary>What was wrong with an answer; null while every answer was as promised.</summary>
    public string? Finding { get; private set; }

    /// <summary>Visits as long as it may, or until the connection breaks.</summary>
    public async Task VisitAsync(Func<bool> mayGoOn)
    {
        while (mayGoOn() && await VisitOnceAsync() is not null) { }
    }

    /// <summary>One visit; null when the connection broke before the answer was complete.</summary>
    public async Task<SentEvent?> VisitOnceAsync()
    {
        var sent = ledger.Begin(number, random.Next(ClickEvery) == 0);
        using var deadline = new CancellationTokenSource(AnswerDeadline);
        try
        {
            if (!_socket.Connected)
            {
                await _socket.ConnectAsync(IPAddress.Parse(address.Host), address.Port, deadline.Token);
            }

            await _socket.SendAsync(Request(sent), deadline.Token);
            if (await ReceiveAsync(deadline.Token) is not { } answer)
            {
                return null;
            }

            Judge(sent, answer);
            return sent;
        }
        catch (SocketException)
        {
            return null;
        }
        catch (OperationCanceledException)
        {
            Finding = $"event {sent.Number} had no answer within {AnswerDeadline.TotalSeconds} s";
            return null;
        }
    }

    public void Dispose() => _socket.Dispose();

    private ReadOnlyMemory<byte> Request(SentEvent sent) =>
        Encoding.ASCII.GetBytes(
            $"GET /s/demo-ab/{(sent.IsClick ? "click" : "pixel.gif")} HTTP/1.1\r\nHost: {address.Authority}\r\nReferer: {sent.Referrer}\r\n\r\n"
        );

    /// <summary>Head and body of one answer; null when the connection closed before its end.</summary>
    private async Task<(string Head, int BodyBytes)?> ReceiveAsync(CancellationToken cancellation)
    {
        var received = 0;
        while (received < _answer.Length)
        {
            var count = await _socket.ReceiveAsync(_answer.AsMemory(received), cancellation);
            if (count == 0)
            {
                return null;
            }

            received += count;
            var end = _answer.AsSpan(0, received).IndexOf("\r\n\r\n"u8);
            if (end < 0)
            {
                continue;
            }

            var head = Encoding.Latin1.GetString(_answer, 0, end + 2);
            var length = int.Parse(Header(head, "Content-Length") ?? "0", CultureInfo.InvariantCulture);
            if (received >= end + 4 + length)
            {
                return (head, length);
            }
        }
        Finding = $"an answer is longer than {AnswerMaxBytes} bytes";
        return null;
    }

    private void Judge(SentEvent sent, (string Head, int BodyBytes) answer)
    {
        var (head, bodyBytes) = answer;
        var isRight = sent.IsClick
            ? head.StartsWith("HTTP/1.1 302 ", StringComparison.Ordinal)
                && Header(head, "Location") == "https://example.com/landing"
            : head.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal)
                && Header(head, "Content-Type") == "image/gif"
                && bodyBytes == 43;
        if (!isRight)
        {
            Finding ??= $"event {sent.Number} ({sent.Type}) was answered with {head.Split('\r')[0]}";
        }

        sent.Promise = Header(head, "Edge-Ack") switch
        {
            "disk" => Promise.Disk,
            "memory" => Promise.Memory,
            "none" => Promise.NotKept,
            var other => Unexpected(other),
        };

        Promise Unexpected(string? value)
        {
            Finding ??= $"event {sent.Number} was answered with Edge-Ack '{value}'";
            return Promise.Unknown;
        }
    }

    private static string? Header(string head, string name)
    {
        var at = head.IndexOf($"\r\n{name}: ", StringComparison.OrdinalIgnoreCase);
        if (at < 0)
        {
            return null;
        }

        at += name.Length + 4;
        return head[at..head.IndexOf('\r', at)];
    }
}
