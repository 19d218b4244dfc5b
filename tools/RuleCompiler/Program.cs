using Edge.RuleCompiler;

// RuleCompiler REGEXES.YAML TABLE: what the build of Edge calls. Problems are one line on stderr, exit code 1.
if (args is not [var rulesFile, var tableFile])
{
    Console.Error.WriteLine("usage: RuleCompiler REGEXES.YAML TABLE");
    return 2;
}
try
{
    var table = new TableWriter(RuleFile.Read(File.ReadLines(rulesFile)));
    Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(tableFile))!);
    var temporary = tableFile + ".new";
    File.WriteAllBytes(temporary, table.Write());
    File.Move(temporary, tableFile, overwrite: true);
    Console.WriteLine(table.Summary);
    return 0;
}
catch (Exception e) when (e is FormatException or IOException)
{
    Console.Error.WriteLine($"RuleCompiler: {rulesFile}: error: {e.Message}");
    return 1;
}
