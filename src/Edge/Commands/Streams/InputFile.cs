using Edge.Formats;

namespace Edge.Commands.Streams;

/// <summary>Reads the files that commands are given, bounded.</summary>
internal static class InputFile
{
    /// <summary>The name that means standard input.</summary>
    public const string Stdin = "-";

    /// <summary>The bytes, or null after one line on <paramref name="error"/>.</summary>
    /// <param name="file">Path, or <see cref="Stdin"/>.</param>
    /// <param name="bytesMax">Most bytes that are read.</param>
    /// <param name="command">Who asks, for the message.</param>
    /// <param name="error">Takes the message.</param>
    public static byte[]? Read(string file, int bytesMax, string command, TextWriter error)
    {
        try
        {
            using var stream = file == Stdin ? Console.OpenStandardInput() : File.OpenRead(file);
            using var content = new MemoryStream();
            var buffer = new byte[64 * 1024];
            int count;
            while (content.Length <= bytesMax && (count = stream.Read(buffer)) > 0)
            {
                content.Write(buffer, 0, count);
            }
            if (content.Length <= bytesMax)
            {
                return JsonProblem.WithoutMark(content.ToArray()).ToArray();
            }
            error.WriteLine($"{command}: {file}: must be at most {bytesMax} bytes");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"{command}: {file}: {e.Message.ReplaceLineEndings(" ")}");
        }
        return null;
    }
}
