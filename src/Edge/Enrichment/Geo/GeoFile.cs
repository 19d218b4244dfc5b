namespace Edge.Enrichment.Geo;

/// <summary>Reads a database file whole. What is wrong with it is a sentence, never an exception.</summary>
internal static class GeoFile
{
    /// <summary>The opened file, or null and why it was not taken, in words that follow the file's name.</summary>
    public static MaxMindDatabase? TryLoad(string path, out string problem)
    {
        try
        {
            using var handle = File.OpenHandle(path);
            var length = RandomAccess.GetLength(handle);
            if (length > MaxMindDatabase.FileMaxBytes)
            {
                problem = $"it is larger than {MaxMindDatabase.FileMaxBytes} bytes";
                return null;
            }
            var bytes = GC.AllocateUninitializedArray<byte>((int)length);
            var read = 0;
            while (read < bytes.Length && RandomAccess.Read(handle, bytes.AsSpan(read), read) is var count and > 0)
            {
                read += count;
            }

            if (read == bytes.Length)
            {
                return MaxMindDatabase.Open(bytes, out problem);
            }

            problem = "it became shorter while it was read";
        }
        catch (FileNotFoundException)
        {
            problem = "there is no such file";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            problem = e.Message.ReplaceLineEndings(" ");
        }
        return null;
    }
}
