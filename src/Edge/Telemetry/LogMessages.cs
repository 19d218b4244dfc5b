namespace Edge.Telemetry;

/// <summary>
/// Log messages of the host and the endpoints; other folders keep their messages beside their code. Ids: 1xx host, 2xx
/// experiments, 3xx journal, 4xx enrichment, 5xx forwarding; ids are never reused. Messages never contain an address, a
/// URL, a header or a key. <c>docs/operating.md</c> says, by id, what to do about each.
/// </summary>
internal static partial class LogMessages
{
    [LoggerMessage(
        100,
        LogLevel.Information,
        "Edge {Version} started as {Role} in {DurationMs} ms on {Urls} with data in {DataDir} (experiments: {Experiments}), for {Connections} connections and {OpenFiles} open files"
    )]
    public static partial void Started(
        this ILogger logger,
        string version,
        string role,
        double durationMs,
        string urls,
        string dataDir,
        int experiments,
        int connections,
        long openFiles
    );

    [LoggerMessage(101, LogLevel.Information, "Stopping: not ready, closing the listener in {GraceMs} ms")]
    public static partial void Stopping(this ILogger logger, int graceMs);

    [LoggerMessage(102, LogLevel.Information, "Stopped: {Stored} events stored, {Pending} not yet forwarded")]
    public static partial void Stopped(this ILogger logger, long stored, long pending);

    [LoggerMessage(103, LogLevel.Error, "A request failed inside the service ({Count} times since the last message)")]
    public static partial void RequestFailed(this ILogger logger, Exception exception, long count);

    [LoggerMessage(
        118,
        LogLevel.Error,
        "A change could not be stored ({Count} times since the last message): {Reason}"
    )]
    public static partial void ChangeNotStored(this ILogger logger, string reason, long count);

    [LoggerMessage(104, LogLevel.Information, "{Setting} was lowered from {From} to {To}: {Reason}")]
    public static partial void LimitLowered(this ILogger logger, string setting, long from, long to, string reason);

    [LoggerMessage(105, LogLevel.Critical, "Connections can no longer be accepted: {Reason}")]
    public static partial void ListenerFailed(this ILogger logger, string reason);

    [LoggerMessage(
        106,
        LogLevel.Information,
        "Reloaded keys, geo database, {Experiments} experiments and {Rules} verdict rules"
    )]
    public static partial void Reloaded(this ILogger logger, int experiments, int rules);

    [LoggerMessage(
        107,
        LogLevel.Warning,
        "{Path} has mode {Mode}, so others than its owner may open or change it; chmod {Wanted} closes it"
    )]
    public static partial void PathExposed(this ILogger logger, string path, string mode, string wanted);

    [LoggerMessage(
        109,
        LogLevel.Warning,
        "A request had a header {Header}, and its sender is not in clientAddress.trustedProxies, so it is not believed; if that is your proxy, every visitor has its address until you name it there"
    )]
    public static partial void ForwardedHeaderIgnored(this ILogger logger, string header);

    [LoggerMessage(110, LogLevel.Information, "{Actor} did {Action} to {Subject} ({Detail})")]
    public static partial void Audited(
        this ILogger logger,
        string actor,
        string action,
        string subject,
        string? detail
    );

    [LoggerMessage(111, LogLevel.Error, "A change could not be recorded in the audit file: {Reason}")]
    public static partial void AuditNotWritten(this ILogger logger, string reason);

    [LoggerMessage(112, LogLevel.Information, "TLS certificate {Path}, valid until {ValidUntil:u}, is in use")]
    public static partial void CertificateTaken(this ILogger logger, string path, DateTimeOffset validUntil);

    [LoggerMessage(113, LogLevel.Warning, "TLS certificate was not taken, the one before stays in use: {Reason}")]
    public static partial void CertificateRefused(this ILogger logger, string reason);

    [LoggerMessage(114, LogLevel.Warning, "TLS certificate {Path} is in use although it {Problem}: clients will refuse it")]
    public static partial void CertificateInvalid(this ILogger logger, string path, string problem);

    [LoggerMessage(115, LogLevel.Warning, "The configuration was not read again, the settings in force stay: {Problem}")]
    public static partial void SettingsRefused(this ILogger logger, string problem);

    [LoggerMessage(116, LogLevel.Information, "Setting {Setting} is {Value} from now on")]
    public static partial void SettingTaken(this ILogger logger, string setting, string value);

    [LoggerMessage(117, LogLevel.Warning, "{Setting} has another value in the configuration, which holds after a restart")]
    public static partial void SettingNeedsRestart(this ILogger logger, string setting);

    [LoggerMessage(119, LogLevel.Warning, "The {Ignored}")]
    public static partial void VariableIgnored(this ILogger logger, string ignored);

    /// <param name="logger">The log.</param>
    /// <param name="exception">What was thrown; a defect of the program.</param>
    /// <param name="what">What was being done.</param>
    [LoggerMessage(108, LogLevel.Error, "{What} failed inside the service; it is tried again")]
    public static partial void BackgroundFailed(this ILogger logger, Exception exception, string what);

    /// <param name="logger">The log.</param>
    /// <param name="file">Its name.</param>
    /// <param name="field">The member; empty for the file as a whole.</param>
    /// <param name="reason">What is wrong with it.</param>
    public static void ExperimentRefused(this ILogger logger, string file, string field, string reason) =>
        ExperimentRefused(logger, file, field.Length == 0 ? reason : $"{field}: {reason}");

    [LoggerMessage(202, LogLevel.Warning, "Experiment file {File} is served, although {Field} {Reason}")]
    public static partial void ExperimentMemberIgnored(this ILogger logger, string file, string field, string reason);

    [LoggerMessage(203, LogLevel.Information, "Experiment file {File} was taken: {Slug} is served, with status {Status}")]
    public static partial void ExperimentTaken(this ILogger logger, string file, string slug, string status);

    [LoggerMessage(204, LogLevel.Information, "Experiment file {File} is gone: {Slug} is no longer served")]
    public static partial void ExperimentGone(this ILogger logger, string file, string slug);

    [LoggerMessage(201, LogLevel.Error, "The key file could not be read, the previous keys stay in force: {Reason}")]
    public static partial void KeysRefused(this ILogger logger, string reason);

    [LoggerMessage(205, LogLevel.Error, "The shares were set aside, and no link made before works: {Reason}")]
    public static partial void SharesSetAside(this ILogger logger, string reason);

    [LoggerMessage(300, LogLevel.Critical, "The journal met an I/O error and stopped acknowledging: {Reason}")]
    public static partial void JournalFaulted(this ILogger logger, string reason);

    [LoggerMessage(
        301,
        LogLevel.Error,
        "The journal is full and refuses events: it holds {HeldBytes} bytes, the disk has {FreeBytes} left"
    )]
    public static partial void JournalFull(this ILogger logger, long heldBytes, long freeBytes);

    [LoggerMessage(
        302,
        LogLevel.Information,
        "The journal has room again after {Seconds} s, in which it refused {Refused} events"
    )]
    public static partial void JournalHasRoom(this ILogger logger, double seconds, long refused);

    [LoggerMessage(
        303,
        LogLevel.Warning,
        "{Problem}; every sink had taken its events, so the journal goes on without it and what was retained before it"
    )]
    public static partial void RetainedSegmentLost(this ILogger logger, string problem);

    [LoggerMessage(
        304,
        LogLevel.Error,
        "A page of the journal is damaged: what can be read of it goes on, the other events are skipped; it was kept as {Path}"
    )]
    public static partial void JournalPageDamaged(this ILogger logger, string path);

    [LoggerMessage(200, LogLevel.Warning, "Experiment file {File} was refused: {Problem}")]
    private static partial void ExperimentRefused(ILogger logger, string file, string problem);
}
