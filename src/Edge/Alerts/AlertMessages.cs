namespace Edge.Alerts;

/// <summary>Log messages of alerts: ids 9xx. <c>docs/operating.md</c> says what to do about each.</summary>
internal static partial class AlertMessages
{
    [LoggerMessage(900, LogLevel.Information, "Alert {Type} of experiment {Uid} began")]
    public static partial void AlertBegan(this ILogger logger, string type, string uid);

    [LoggerMessage(901, LogLevel.Information, "Alert {Type} of experiment {Uid} ended")]
    public static partial void AlertEnded(this ILogger logger, string type, string uid);

    [LoggerMessage(902, LogLevel.Warning, "The webhook did not take an alert, which is sent again: {Reason}")]
    public static partial void AlertNotDelivered(this ILogger logger, string reason);

    [LoggerMessage(903, LogLevel.Information, "The webhook at {Place} takes alerts again")]
    public static partial void WebhookTakesAgain(this ILogger logger, string place);

    [LoggerMessage(904, LogLevel.Warning, "{Omitted} alerts did not begin: there are {Most} already, the most there may be")]
    public static partial void AlertsOmitted(this ILogger logger, int omitted, int most);

    [LoggerMessage(905, LogLevel.Error, "Experiments could not be looked at for alerts, it is tried again: {Reason}")]
    public static partial void LookFailed(this ILogger logger, string reason);

    [LoggerMessage(906, LogLevel.Warning, "The alerts of before were set aside, and what lasts is told of again: {Reason}")]
    public static partial void AlertsStartOver(this ILogger logger, string reason);

    [LoggerMessage(
        907,
        LogLevel.Information,
        "{Count} destinations lead to addresses that are not public and are not checked (alerts.allowPrivate, alerts.allowAddresses)"
    )]
    public static partial void DestinationsNotAllowed(this ILogger logger, int count);
}
