using System.IO.Compression;
using Edge.RuleCompiler;

// What the build of Edge calls: RuleCompiler REGEXES.YAML TABLE, and RuleCompiler gzip FILE COMPRESSED for what is served
// compressed anyway. Problems are one line on stderr, exit code 1.
switch (args)
{
    case [var rulesFile, var tableFile]:
        return Write(
            rulesFile,
            tableFile,
            () =>
            {
                var table = new TableWriter(RuleFile.Read(File.ReadLines(rulesFile)));
                Console.WriteLine(table.Summary);
                return table.Write();
            }
        );
    case ["gzip", var file, var compressed]:
        return Write(file, compressed, () => Compress(File.ReadAllBytes(file)));
    default:
        Console.Error.WriteLine("usage: RuleCompiler REGEXES.YAML TABLE, or RuleCompiler gzip FILE COMPRESSED");
        return 2;
}

static int Write(string source, string target, Func<byte[]> make)
{
    try
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(target))!);
        var temporary = target + ".new";
        File.WriteAllBytes(temporary, make());
        File.Move(temporary, target, overwrite: true);
        return 0;
    }
    catch (Exception e) when (e is FormatException or IOException)
    {
        Console.Error.WriteLine($"RuleCompiler: {source}: error: {e.Message}");
        return 1;
    }
}

static byte[] Compress(byte[] plain)
{
    using var compressed = new MemoryStream();
    using (var gzip = new GZipStream(compressed, CompressionLevel.SmallestSize))
    {
        gzip.Write(plain);
    }

    return compressed.ToArray();
}
