using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Edge.Transport;
using Xunit;

namespace Edge.Tests.Transport;

public class PrefixedReaderTests
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
        var reader = new PrefixedReader("GET /"u8.ToArray(), pipe.Reader);
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
        var reader = new PrefixedReader("GET /"u8.ToArray(), pipe.Reader);
        await pipe.Writer.CompleteAsync();
        var first = await reader.ReadAsync(TestContext.Current.CancellationToken);
        reader.AdvanceTo(first.Buffer.Start, first.Buffer.End);

        var next = await reader.ReadAsync(TestContext.Current.CancellationToken);

        Assert.True(next.IsCompleted);
        Assert.Equal(5, next.Buffer.Length);
    }

    private static async Task<string> ReadAsync(int prefix, int step)
    {
        var pipe = new Pipe();
        var reader = new PrefixedReader(Encoding.ASCII.GetBytes(Text[..prefix]), pipe.Reader);
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
