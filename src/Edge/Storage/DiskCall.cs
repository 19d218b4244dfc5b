namespace Edge.Storage;

/// <summary>The system calls the journal makes on files, as a fault test names them.</summary>
internal enum DiskCall
{
    Open,
    Read,
    Write,
    SyncData,
    SyncAll,
    Allocate,
    Rename,
    Remove,
    SyncDirectory,
    FreeSpace,
}
