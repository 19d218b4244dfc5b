using System.IO.Compression;
using System.Net.Http.Headers;
using Edge.Journal;

namespace Edge.Forwarding.Http;

/// <summary>The body of one request, built in a reused buffer. The pump's thread only.</summary>
internal sealed class BatchBody : IDisposable
{
    private MemoryStream _stream = new();

    /// <summary>The bytes as they are sent.</summary>
    public ReadOnlyMemory<byte> Bytes => _stream.GetBuffer().AsMemory(0, (int)_stream.Length);

    /// <summary>Fills the body; compressed at the fastest level, which costs the least per byte saved.</summary>
    public void Fill(ReadOnlySpan<byte> bytes, bool compresses)
    {
        _stream.SetLength(0);
        if (!compresses)
        {
            _stream.Write(bytes);
            return;
        }

        using var gzip = new GZipStream(_stream, CompressionLevel.Fastest, leaveOpen: true);
        while (!bytes.IsEmpty)
        {
            var piece = Math.Min(bytes.Length, CooperativeYield.PieceBytes);
            gzip.Write(bytes[..piece]);
            bytes = bytes[piece..];
            CooperativeYield.AfterPiece();
        }
    }

    /// <summary>The content of a request with these bytes.</summary>
    public HttpContent ToContent(string contentType, bool isCompressed)
    {
        var content = new ReadOnlyMemoryContent(Bytes);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        if (isCompressed)
        {
            content.Headers.ContentEncoding.Add("gzip");
        }

        return content;
    }

    /// <summary>
    /// Leaves the buffer to a failed request, which may still be reading it; the next request gets a new one.
    /// </summary>
    public void Abandon() => _stream = new MemoryStream(_stream.Capacity);

    public void Dispose() => _stream.Dispose();
}
