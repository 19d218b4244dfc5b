using Edge.Journal.Records;

namespace Edge.Forwarding.Files;

/// <summary>Where in its files the file sink stood when it had taken the journal up to a cursor.</summary>
/// <param name="Cursor">Everything before it is in the files.</param>
/// <param name="File">The newest file. Files with a greater number were begun later.</param>
/// <param name="Length">Bytes of that file that are taken, or <see cref="NotOurs"/>.</param>
internal readonly record struct FilePosition(JournalCursor Cursor, ForwardedFileName File, long Length)
{
    /// <summary>The newest file is complete and not to be touched; the next event begins a new one.</summary>
    public const long NotOurs = -1;
}
