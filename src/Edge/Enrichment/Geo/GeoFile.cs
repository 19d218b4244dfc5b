using Edge.Storage;

namespace Edge.Enrichment.Geo;

/// <summary>Reads a database file whole. What is wrong with it is a sentence, never an exception.</summary>
internal static class GeoFile
{
    /// <summary>The opened file, or null and why it was not taken, in words that follow the file's name.</summary>
    public static MaxMindDatabase? TryLoad(string path, out string problem)
    {
        try
        {
            return MaxMindDatabase.Open(DiskFile.ReadWhole(path, MaxMindDatabase.FileMaxBytes), out problem);
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
