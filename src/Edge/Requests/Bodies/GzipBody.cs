using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace Edge.Requests.Bodies;

/// <summary>
/// Inflates a gzip body that has come whole (RFC 1952), within bounds: no byte beyond the limit, never more than a
/// plain multiple of what was read so far, so that a bomb is found at its beginning, several members but not many, and
/// nothing behind the last one. The library inflates; framing and checks are here, because its own gzip stream ignores
/// what follows the last member. Pure.
/// </summary>
internal static class GzipBody
{
    /// <summary>
    /// Times as long as what was sent for it that a body, or its beginning, may become, once that is longer than <see
    /// cref="FreeBytes"/>.
    /// </summary>
    public const int RatioMax = 250;

    /// <summary>
    /// Length up to which the ratio does not matter: a short body of one event over and over shrinks a lot. Below <see
    /// cref="LargeBodies.FromBytes"/>, so most bombs are found before they would need a turn.
    /// </summary>
    public const int FreeBytes = 256 << 10;

    /// <summary>Most members of one body; block compressors make one for each 64 KiB.</summary>
    public const int MembersMax = 1_024;

    private const int ChunkBytes = 16 * 1024;
    private const int HeaderBytes = 10;
    private const int TrailerBytes = 8;
    private const byte Deflate = 8;
    private const byte HeaderChecksumFlag = 2;
    private const byte ExtraFlag = 4;
    private const byte NameFlag = 8;
    private const byte CommentFlag = 16;
    private const byte ReservedFlags = 0xE0;

    /// <summary>
    /// Whether the body becomes longer than that, by the sender's word: the length its last member, nearly always the
    /// only one, states. A hint. A length beyond the ratio does not count: such a body is refused at its beginning.
    /// </summary>
    public static bool IsStatedLonger(ReadOnlySpan<byte> sent, int bytes)
    {
        if (sent.Length > bytes)
        {
            return true;
        }

        var stated = sent.Length < TrailerBytes ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(sent[^4..]);
        return stated > bytes && stated <= (long)RatioMax * sent.Length;
    }

    /// <summary>
    /// Appends the inflated bytes to <paramref name="inflated"/>, or says why not. After <see
    /// cref="BodyFault.TooLarge"/> more than the limit stands there when it was the limit that was passed, and not the
    /// ratio.
    /// </summary>
    public static BodyFault Inflate(ReadOnlyMemory<byte> sent, int bytesMax, PooledBytes inflated)
    {
        var length = sent.Length;
        if (length == 0)
        {
            return BodyFault.Incomplete;
        }

        for (var member = 0; !sent.IsEmpty; member++)
        {
            if (member == MembersMax || !TrySkipHeader(ref sent))
            {
                return BodyFault.Incomplete;
            }

            var written = inflated.Length;
            var problem = InflateMember(sent, length - sent.Length, bytesMax, inflated);
            if (problem != BodyFault.None)
            {
                return problem;
            }

            if (!TrySkipMember(ref sent, inflated.Written.Span[written..]))
            {
                return BodyFault.Incomplete;
            }
        }
        return BodyFault.None;
    }

    /// <param name="sent">The member and what follows.</param>
    /// <param name="before">Bytes of the body in front of it.</param>
    /// <param name="bytesMax">Most bytes of the whole body.</param>
    /// <param name="inflated">Where they go.</param>
    private static BodyFault InflateMember(
        ReadOnlyMemory<byte> sent,
        int before,
        int bytesMax,
        PooledBytes inflated
    )
    {
        try
        {
            using var source = new Sips(sent);
            using var deflate = new DeflateStream(source, CompressionMode.Decompress);
            while (true)
            {
                if (!inflated.TryEnsure(ChunkBytes))
                {
                    return BodyFault.Busy;
                }

                var read = deflate.Read(inflated.Free);
                if (read == 0)
                {
                    return BodyFault.None;
                }

                inflated.Advance(read);
                // What the library has read ahead counts as read, so this is a little generous.
                var ratioMax = Math.Max(FreeBytes, RatioMax * (before + source.Position));
                if (inflated.Length > Math.Min(bytesMax, ratioMax))
                {
                    return BodyFault.TooLarge;
                }
            }
        }
        catch (InvalidDataException)
        {
            return BodyFault.Incomplete;
        }
    }

    private static bool TrySkipHeader(ref ReadOnlyMemory<byte> sent)
    {
        var bytes = sent.Span;
        if (bytes.Length < HeaderBytes || !IsMember(bytes) || bytes[2] != Deflate || (bytes[3] & ReservedFlags) != 0)
        {
            return false;
        }

        var flags = bytes[3];
        var at = HeaderBytes;
        if ((flags & ExtraFlag) != 0)
        {
            if (bytes.Length < at + 2)
            {
                return false;
            }

            at += 2 + BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
        }
        if ((flags & NameFlag) != 0 && !TrySkipText(bytes, ref at))
        {
            return false;
        }

        if ((flags & CommentFlag) != 0 && !TrySkipText(bytes, ref at))
        {
            return false;
        }

        if ((flags & HeaderChecksumFlag) != 0)
        {
            at += 2;
        }

        if (at > bytes.Length)
        {
            return false;
        }

        sent = sent[at..];
        return true;
    }

    private static bool TrySkipText(ReadOnlySpan<byte> bytes, ref int at)
    {
        var end = at > bytes.Length ? -1 : bytes[at..].IndexOf((byte)0);
        at += end + 1;
        return end >= 0;
    }

    /// <summary>
    /// Goes behind a member that was inflated. The library does not say where it ended; its trailer is checksum and
    /// length of what came out, so its end is where these are and nothing or another member follows.
    /// </summary>
    private static bool TrySkipMember(ref ReadOnlyMemory<byte> sent, ReadOnlySpan<byte> inflated)
    {
        Span<byte> trailer = stackalloc byte[TrailerBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, Crc32.HashToUInt32(inflated));
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], (uint)inflated.Length);
        var bytes = sent.Span;
        for (var at = 0; ; at++)
        {
            var found = bytes[at..].IndexOf(trailer);
            if (found < 0)
            {
                return false;
            }

            at += found;
            var rest = bytes[(at + TrailerBytes)..];
            if (!rest.IsEmpty && !IsMember(rest))
            {
                continue;
            }

            sent = sent[(at + TrailerBytes)..];
            return true;
        }
    }

    /// <summary>The sent bytes, few at a time: how much the library has read ahead must not hide a ratio.</summary>
    private sealed class Sips(ReadOnlyMemory<byte> sent) : Stream
    {
        private const int BytesMax = 1_024;

        private int _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => sent.Length;

        public override long Position
        {
            get => _position;
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var count = Math.Min(Math.Min(buffer.Length, BytesMax), sent.Length - _position);
            sent.Span.Slice(_position, count).CopyTo(buffer);
            _position += count;
            return count;
        }

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    private static bool IsMember(ReadOnlySpan<byte> bytes) => bytes.Length >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B;
}
