using System.Buffers;
using System.Text.Unicode;
using Edge.Catalog;
using Edge.Formats;

namespace Edge.Visits;

/// <summary>
/// The link that a click followed, for its event: path and query, without the sender's id of the visitor and what signs
/// the link. The host is the service's own and says nothing. Pure; allocates nothing.
/// </summary>
internal static class ClickUrl
{
    /// <summary>Longest link that is kept; of a longer one the rest is left out, from a parameter on.</summary>
    public const int BytesMax = 2_048;

    /// <summary>Parameters that are left out.</summary>
    private static readonly string[] Omitted = [Visit.UnitParameter, "sig", "signature"];

    /// <summary>Writes the link.</summary>
    /// <param name="experiment">Whose link it is.</param>
    /// <param name="query">The query as it was sent, with or without its question mark.</param>
    /// <param name="room"><see cref="BytesMax"/> of memory the result points into.</param>
    public static ReadOnlySpan<byte> Write(CatalogEntry experiment, ReadOnlySpan<char> query, Span<byte> room)
    {
        var length = Append("/s/"u8, room, 0);
        length = Append(experiment.SlugUtf8, room, length);
        length = Append("/click"u8, room, length);
        query = query.TrimStart('?');
        var mark = (byte)'?';
        while (!query.IsEmpty)
        {
            var rest = query;
            QueryParameters.TakePair(ref query, out var name, out _);
            var end = query.IsEmpty ? rest.Length : rest.Length - query.Length - 1;
            var pair = rest[..end].TrimEnd('&');
            if (pair.IsEmpty || IsOmitted(name))
            {
                continue;
            }

            if (
                length == room.Length
                || Utf8.FromUtf16(pair, room[(length + 1)..], out _, out var written) != OperationStatus.Done
            )
            {
                break;
            }

            room[length] = mark;
            length += 1 + written;
            mark = (byte)'&';
        }

        return room[..length];
    }

    private static int Append(ReadOnlySpan<byte> text, Span<byte> room, int at)
    {
        text.CopyTo(room[at..]);
        return at + text.Length;
    }

    private static bool IsOmitted(ReadOnlySpan<char> name)
    {
        foreach (var omitted in Omitted)
        {
            if (name.Equals(omitted, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
