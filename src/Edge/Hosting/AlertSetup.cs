using Edge.Alerts;
using Edge.Catalog;
using Edge.Forwarding.Http;
using Edge.Settings;
using Edge.Settings.Sinks;
using Edge.Statistics.Counting;

namespace Edge.Hosting;

/// <summary>Creates what tells people of experiments, from the settings.</summary>
internal static class AlertSetup
{
    /// <summary>Longest time that a receiver or a destination may take.</summary>
    private const int AnswerTimeoutMs = 10_000;

    /// <summary>Reads the alerts that there are; throws as <see cref="AlertBook.Open"/> does.</summary>
    public static Alerter Build(
        EdgeOptions options,
        CatalogHolder catalog,
        ITally tally,
        Func<bool> isLeader,
        TimeProvider time,
        ILogger log
    )
    {
        var book = AlertBook.Open(options.DataDir, reason => log.AlertsStartOver(reason));
        var interval = TimeSpan.FromSeconds(options.AlertsIntervalSeconds);
        var destinations = options.AlertsCheckDestinations
            ? new DestinationChecker(
                new DestinationCheckerOptions
                {
                    Period = TimeSpan.FromMinutes(options.AlertsDestinationMinutes),
                    Interval = interval,
                    Transport = Transport(options),
                },
                catalog,
                book.Alerts.Where(static alert => alert.Type == AlertType.DestinationFailing)
                    .Select(static alert => alert.Subject),
                time,
                log
            )
            : null;
        return new Alerter(
            new AlerterOptions(interval, TimeSpan.FromHours(options.AlertsNoTrafficHours)) { IsLeader = isLeader },
            catalog,
            tally,
            book,
            destinations,
            Webhook(options, time),
            time,
            log
        );
    }

    /// <summary>Where alerts are sent; null for nowhere.</summary>
    public static AlertWebhook? Webhook(EdgeOptions options, TimeProvider time) =>
        options.AlertsWebhookUrl.Length == 0
            ? null
            : new AlertWebhook(
                new AlertWebhookOptions(
                    new Uri(options.AlertsWebhookUrl),
                    options.AlertsWebhookSecret,
                    Transport(options)
                ),
                time
            );

    private static HttpTransportOptions Transport(EdgeOptions options) =>
        new()
        {
            AllowsPrivate = options.AlertsAllowPrivate,
            AllowedNetworks = HttpSinkSettings.Networks(options.AlertsAllowAddresses),
            RequestTimeoutMs = AnswerTimeoutMs,
            HasTimeoutSettings = false,
        };
}
