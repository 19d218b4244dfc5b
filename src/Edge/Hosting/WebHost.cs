using Microsoft.Extensions.Logging.Console;

namespace Edge.Hosting;

/// <summary>The web host without its routes: listener, limits, diagnostics as JSON lines on stderr.</summary>
internal static class WebHost
{
    public static WebApplication Build(EdgeOptions options)
    {
        // The framework's own configuration sources are left out: settings have one way in (EdgeConfiguration).
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [], EnvironmentName = Environments.Production });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection();
        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        // The framework reports requests and connections below; what operators need is in our own messages and metrics.
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddJsonConsole(console => console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
        builder.Services.Configure<JsonConsoleFormatterOptions>(console => console.UseUtcTimestamp = true);
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<ConsoleLifetimeOptions>(lifetime => lifetime.SuppressStatusMessages = true);
        builder.WebHost.ConfigureKestrel(kestrel => KestrelSetup.Apply(kestrel, options));
        builder.WebHost.UseUrls([.. EdgeConfiguration.SplitUrls(options.Urls), .. EdgeConfiguration.SplitUrls(options.AdminUrls)]);
        return builder.Build();
    }
}
