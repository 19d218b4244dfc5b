using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Edge.Transport;
using Xunit;

namespace Edge.Tests.Transport;

public class RequestReaderTests
{
    private const string Text = "the first part|the second part|the third";

    /// <summary>
    /// However the bytes are divided between prefix and pipe, and however little is consumed of what was examined, the
    /// reader gives all of them once and in order.
    /// </summary>
    [Fact]
    public async Task Bytes_WhateverTheDivision_AreReadOnceInOrder()
    {
        for (var prefix = 0; prefix <= Text.Length; prefix++)
        {
            for (var step = 1; step <= 16; step += 3)
            {
                Assert.Equal(Text, await ReadAsync(prefix, step));
            }
        }
    }

    [Fact]
    public async Task Prefix_AllExamined_WaitsForMore()
    {
        var pipe = new Pipe();
        var reader = new RequestReader("GET /"u8.ToArray(), pipe.Reader);
        var first = await reader.ReadAsync(TestContext.Current.CancellationToken);
        reader.AdvanceTo(first.Buffer.Start, first.Buffer.End);

        Assert.False(reader.TryRead(out _));
        var next = reader.ReadAsync(TestContext.Current.CancellationToken).AsTask();
        Assert.False(next.IsCompleted);
        await pipe.Writer.WriteAsync("x HTTP/1.1"u8.ToArray(), TestContext.Current.CancellationToken);

        Assert.Equal("GET /x HTTP/1.1", Encoding.ASCII.GetString((await next).Buffer.ToArray()));
    }

    [Fact]
    public async Task End_BehindThePrefix_CompletesWithIt()
    {
        var pipe = new Pipe();
        var reader = new RequestReader("GET /"u8.ToArray(), pipe.Reader);
        await pipe.Writer.CompleteAsync();
        var first = await reader.ReadAsync(TestContext.Current.CancellationToken);
        reader.AdvanceTo(first.Buffer.Start, first.Buffer.End);

        var next = await reader.ReadAsync(TestContext.Current.CancellationToken);

        Assert.True(next.IsCompleted);
        Assert.Equal(5, next.Buffer.Length);
    }

    /// <summary>What has not been looked at comes before the end, and then the end does.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("POST /")]
    public async Task End_WithTheLastBytes_ComesOnceTheyAreExamined(string prefix)
    {
        var pipe = new Pipe();
        var reader = new RequestReader(Encoding.ASCII.GetBytes(prefix), pipe.Reader);
        await pipe.Writer.WriteAsync("a body"u8.ToArray(), TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync();
        var read = "";
        for (var result = default(ReadResult); !result.IsCompleted;)
        {
            result = await reader.ReadAsync(TestContext.Current.CancellationToken);
            Assert.True(result.IsCompleted == result.Buffer.IsEmpty);
            read += Encoding.ASCII.GetString(result.Buffer.ToArray());
            reader.AdvanceTo(result.Buffer.End);
        }

        Assert.Equal(prefix + "a body", read);
    }

    /// <summary>However a request line is divided, its target is encoded, and no byte behind it is touched.</summary>
    [Fact]
    public async Task Target_BeyondAscii_IsEncodedWhateverTheDivision()
    {
        const string Sent = "GET /\u00e4?b=\u00ff HTTP/1.1\r\nX: /\u00e4\r\n\r\n";
        for (var prefix = 0; prefix <= Sent.Length; prefix++)
        {
            for (var step = 1; step <= 16; step += 3)
            {
                var pipe = new Pipe();
                var reader = new RequestReader(Encoding.Latin1.GetBytes(Sent[..prefix]), pipe.Reader);
                var sent = prefix;
                var read = "";
                while (!read.EndsWith("\r\n\r\n", StringComparison.Ordinal))
                {
                    if (reader.TryRead(out var result))
                    {
                        read = Encoding.Latin1.GetString(result.Buffer.ToArray());
                        reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                        continue;
                    }

                    var next = Math.Min(Sent.Length, sent + step);
                    await pipe.Writer.WriteAsync(
                        Encoding.Latin1.GetBytes(Sent[sent..next]),
                        TestContext.Current.CancellationToken
                    );
                    sent = next;
                }

                Assert.Equal("GET /%E4?b=%FF HTTP/1.1\r\nX: /\u00e4\r\n\r\n", read);
            }
        }
    }

    /// <summary>Only what begins a request is one: bodies are given as they came.</summary>
    [Theory]
    [InlineData("known length", 8L, "GET /%E4 HTTP/1.1\r\n")]
    [InlineData("no body", 0L, "A /%E4\r\n\r\nGET /\u00e4 HTTP/1.1\r\n")]
    [InlineData("unknown length", null, "A /\u00e4\r\n\r\nGET /\u00e4 HTTP/1.1\r\n")]
    public async Task Line_OfABody_IsNotTouched(string row, long? bodyBytes, string expected)
    {
        const string Body = "A /\u00e4\r\n\r\n";
        var pipe = new Pipe();
        var head = "POST / HTTP/1.1\r\n\r\n";
        var reader = new RequestReader(Encoding.Latin1.GetBytes(head), pipe.Reader);
        await pipe.Writer.WriteAsync(
            Encoding.Latin1.GetBytes(Body + "GET /\u00e4 HTTP/1.1\r\n"),
            TestContext.Current.CancellationToken
        );
        var first = await reader.ReadAsync(TestContext.Current.CancellationToken);
        reader.AdvanceTo(first.Buffer.End);

        reader.ExpectBody(bodyBytes);
        if (bodyBytes > 0)
        {
            var body = await reader.ReadAsync(TestContext.Current.CancellationToken);
            Assert.Equal(Body, Encoding.Latin1.GetString(body.Buffer.Slice(0, Body.Length).ToArray()));
            reader.AdvanceTo(body.Buffer.GetPosition(Body.Length));
        }

        var next = await reader.ReadAsync(TestContext.Current.CancellationToken);
        // With part of it encoded, the rest comes with the next read.
        reader.AdvanceTo(next.Buffer.Start, next.Buffer.End);
        if (reader.TryRead(out var more))
        {
            next = more;
        }

        Assert.True(expected == Encoding.Latin1.GetString(next.Buffer.ToArray()), row);
    }

    private static async Task<string> ReadAsync(int prefix, int step)
    {
        var pipe = new Pipe();
        var reader = new RequestReader(Encoding.ASCII.GetBytes(Text[..prefix]), pipe.Reader);
        var sent = prefix;
        var read = new StringBuilder();
        while (read.Length < Text.Length)
        {
            if (!reader.TryRead(out var result))
            {
                var next = Math.Min(Text.Length, sent + step);
                await pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes(Text[sent..next]));
                sent = next;
                continue;
            }

            // Consumes less than was looked at, as a parser does that waits for the rest of a line.
            var taken = Math.Min(step, result.Buffer.Length);
            var isLookedThrough = read.Length % 2 == 0;
            read.Append(Encoding.ASCII.GetString(result.Buffer.Slice(0, taken).ToArray()));
            var consumed = result.Buffer.GetPosition(taken);
            reader.AdvanceTo(consumed, isLookedThrough && sent < Text.Length ? result.Buffer.End : consumed);
        }

        return read.ToString();
    }
}
