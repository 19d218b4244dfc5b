using Edge.Forwarding;
using static Edge.Settings.Setting<Edge.Forwarding.SinkOptions>;

namespace Edge.Settings.Sinks;

/// <summary>The settings of sinks of type <c>file</c>.</summary>
internal static class FileSinkSettings
{
    public static IEnumerable<SinkSetting> All() =>
        [
            new(
                SinkType.File,
                Text(
                    "directory",
                    "Directory of the files; if empty, DATA/forwarded for the sink named file and DATA/forwarded/NAME for any other.",
                    o => o.Directory,
                    (o, v) => o.Directory = v,
                    SettingValue.LineProblem
                )
            ),
            new(
                SinkType.File,
                Number(
                    "maxFileBytes",
                    4_096,
                    1L << 40,
                    "Size at which a file is closed and the next one started, bytes.",
                    o => o.MaxFileBytes,
                    (o, v) => o.MaxFileBytes = v
                )
            ),
        ];
}
