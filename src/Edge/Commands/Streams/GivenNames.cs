using System.Text;
using Edge.Storage;

namespace Edge.Commands.Streams;

/// <summary>
/// Passes text on with directories called as the operator did, however the command reaches them (<see
/// cref="DirectoryOwner.InWords"/>). A name must not be divided between two writes. Not thread safe.
/// </summary>
internal sealed class GivenNames(TextWriter target) : TextWriter
{
    public override Encoding Encoding => target.Encoding;

    public override void Write(char value) => target.Write(value);

    public override void Write(string? value) => target.Write(InWords(value));

    public override void Write(char[] buffer, int index, int count) => target.Write(buffer, index, count);

    public override void WriteLine() => target.WriteLine();

    public override void WriteLine(string? value) => target.WriteLine(InWords(value));

    public override Task WriteLineAsync(string? value)
    {
        WriteLine(value);
        return Task.CompletedTask;
    }

    public override void Flush() => target.Flush();

    public override Task FlushAsync() => target.FlushAsync();

    private static string? InWords(string? text) => text is null ? null : DirectoryOwner.InWords(text);
}
