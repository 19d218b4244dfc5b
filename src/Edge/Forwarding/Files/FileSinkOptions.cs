namespace Edge.Forwarding.Files;

/// <summary>Every setting of the file sink.</summary>
internal sealed record FileSinkOptions
{
    /// <summary>Directory of the files (<c>DATA/forwarded</c>). Created when it is missing.</summary>
    public required string Directory { get; init; }

    /// <summary>
    /// Bytes after which the next file is begun; a file is larger only when one single event is. 64 MiB is a size that
    /// tools copy and compress in seconds. 1 MiB to 64 GiB.
    /// </summary>
    public long MaxFileBytes { get; init; } = 64L << 20;
}
