namespace Edge.Tests.Support;

/// <summary>
/// Persisted bytes as they once were, in <c>tests/Edge.Tests/Golden</c>, as hexadecimal text with comments. Never
/// edited, never deleted: every version that was ever written must stay readable.
/// </summary>
internal static class Golden
{
    private const int ChecksumBytes = 4;

    public static byte[] Read(string name)
    {
        var path = Path.Combine(Repository.Root, "tests", "Edge.Tests", "Golden", name);
        return Convert.FromHexString(
            string.Concat(
                File.ReadLines(path)
                    .Where(line => !line.StartsWith('#'))
                    .Select(line => line.Replace(" ", "", StringComparison.Ordinal))
            )
        );
    }

    /// <summary>A slot: the bytes at its start, zeros, the checksum at its end.</summary>
    public static byte[] ReadSlot(string name, int slotBytes)
    {
        var bytes = Read(name);
        var slot = new byte[slotBytes];
        bytes.AsSpan(0, bytes.Length - ChecksumBytes).CopyTo(slot);
        bytes.AsSpan(bytes.Length - ChecksumBytes).CopyTo(slot.AsSpan(slotBytes - ChecksumBytes));
        return slot;
    }
}
