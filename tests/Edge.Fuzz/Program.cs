using Edge.Fuzz;
using SharpFuzz;

// Edge.Fuzz READER: reads inputs of afl-fuzz; an exception is a finding. Edge.Fuzz READER DIR: writes what to begin with.
if (args is not [var name, ..] || Array.Find(Readers.All, reader => reader.Name == name) is not { } found)
{
    await Console.Error.WriteLineAsync($"Edge.Fuzz READER [DIR]; READER is {string.Join(", ", Readers.All.Select(static r => r.Name))}");
    return 2;
}

if (args is [_, var directory])
{
    Directory.CreateDirectory(directory);
    foreach (var (seed, i) in found.Seeds().Select(static (seed, i) => (seed, i)))
    {
        await File.WriteAllBytesAsync(Path.Combine(directory, $"{i}"), seed);
    }

    return 0;
}

Action<byte[]>? read = null;
Fuzzer.Run(
    (Stream input) =>
    {
        using var bytes = new MemoryStream();
        input.CopyTo(bytes);
        // Not before: instrumented code counts in memory that is there only now.
        (read ??= found.Open())(bytes.ToArray());
    }
);
return 0;
