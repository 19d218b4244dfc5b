using Edge.Forwarding;

namespace Edge.Settings.Sinks;

/// <summary>The settings of sinks of type <c>file</c>.</summary>
internal static class FileSinkSettings
{
    public static IEnumerable<SinkSetting> All() =>
        [
            SinkSetting.Text(
                SinkType.File,
                "directory",
                "Directory of the files; empty is DATA/forwarded for the sink named file and DATA/forwarded/NAME for another.",
                o => o.Directory,
                (o, v) => o.Directory = v
            ),
            SinkSetting.Number(
                SinkType.File,
                "maxFileBytes",
                4_096,
                1L << 40,
                "Size at which a forwarded file is closed and the next one begun.",
                o => o.MaxFileBytes,
                (o, v) => o.MaxFileBytes = v
            ),
        ];
}
