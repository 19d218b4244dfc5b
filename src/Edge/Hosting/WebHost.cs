using Edge.Catalog;
using Edge.Endpoints.Management;
using Edge.Settings;
using Edge.Telemetry;
using Edge.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using HttpProtocol = Edge.Settings.HttpProtocol;

namespace Edge.Hosting;

/// <summary>Builds the web host without its routes: listener, limits, logging on stderr.</summary>
internal static class WebHost
{
    /// <summary>Builds the host, which does not listen yet.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="time">The clock of the log.</param>
    /// <param name="isStarting">
    /// While true, the framework logs nothing: the caller reports once why a start fails.
    /// </param>
    /// <param name="connections">Which connections are served.</param>
    /// <param name="lane">Makes what answers first on public addresses; called when the listener is bound.</param>
    /// <param name="catalog">The catalog of the management API; called when the first request needs it.</param>
    /// <param name="certificate">That of the addresses with TLS; called when a connection comes.</param>
    public static WebApplication Build(
        EdgeOptions options,
        TimeProvider time,
        Func<bool> isStarting,
        ConnectionTable connections,
        Func<LoopLane> lane,
        Func<CatalogHolder> catalog,
        Func<ServedCertificate> certificate
    )
    {
        // The empty builder: EdgeConfiguration is the only source of settings, and the framework's own sources would
        // watch the whole working directory for changes.
        var builder = WebApplication.CreateEmptyBuilder(
            new WebApplicationOptions { EnvironmentName = Environments.Production }
        );
        builder.Configuration.AddInMemoryCollection();
        var minimum = LevelOf(options.LoggingLevel);
        builder.Logging.SetMinimumLevel(minimum);
        // Below Warning the framework logs requests and connections, addresses among them, whatever the level; what
        // operators need is in our own messages and metrics.
        var frameworkMinimum = minimum > LogLevel.Warning ? minimum : LogLevel.Warning;
        builder.Logging.AddFilter("Microsoft", level => level >= frameworkMinimum && !isStarting());
        // Its scope and activity for every request would cost a twentieth of the processor time and are not used.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        var isJson =
            options.LoggingFormat == LoggingFormat.Json
            || (options.LoggingFormat == LoggingFormat.Auto && Console.IsErrorRedirected);
        builder.Services.AddSingleton<ConsoleFormatter>(new LogFormatter(time, isJson));
        builder.Logging.AddConsole(console =>
        {
            console.FormatterName = LogFormatter.FormatName;
            console.LogToStandardErrorThreshold = LogLevel.Trace;
        });
        builder.Services.Configure<ConsoleLifetimeOptions>(lifetime => lifetime.SuppressStatusMessages = true);
        builder.Services.AddOutputCache(cache =>
        {
            cache.SizeLimit = ManagementCache.BytesMax;
            cache.MaximumBodySize = ManagementCache.AnswerBytesMax;
            cache.AddBasePolicy(new ManagementCache(catalog()));
        });
        builder
            .WebHost.UseKestrelCore()
            .ConfigureKestrel(kestrel =>
            {
                KestrelSetup.Apply(kestrel, options);
                Listeners.Apply(kestrel, options, certificate);
            });
        builder.Services.Configure<SocketTransportOptions>(transport => KestrelSetup.Apply(transport, options));
        // The server asks the factory that was added last.
        builder.Services.AddSingleton<IConnectionListenerFactory>(services => new ConnectionListenerFactory(
            services.GetRequiredService<IOptions<SocketTransportOptions>>().Value,
            connections,
            LanesOf(options, lane, time),
            services.GetRequiredService<ILogger<ConnectionListenerFactory>>()
        ));
        return builder.Build();
    }

    /// <summary>Null when the server receives everything.</summary>
    private static LaneSettings? LanesOf(EdgeOptions options, Func<LoopLane> lane, TimeProvider time) =>
        options.HttpTransport == HttpTransport.Loops && options.HttpProtocol == HttpProtocol.Http1
            ? new LaneSettings(
                lane,
                TimeSpan.FromMilliseconds(options.HttpKeepAliveTimeoutMs),
                TimeSpan.FromMilliseconds(options.HttpRequestTimeoutMs),
                time
            )
            : null;

    private static LogLevel LevelOf(LoggingLevel level) =>
        level switch
        {
            LoggingLevel.Trace => LogLevel.Trace,
            LoggingLevel.Debug => LogLevel.Debug,
            LoggingLevel.Info => LogLevel.Information,
            LoggingLevel.Warning => LogLevel.Warning,
            _ => LogLevel.Error,
        };
}
