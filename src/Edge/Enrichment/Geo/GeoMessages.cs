namespace Edge.Enrichment.Geo;

/// <summary>
/// Log messages of geo enrichment, ids 400 to 409. Never an address. What to do about each stands in the operator's
/// documentation.
/// </summary>
internal static partial class GeoMessages
{
    [LoggerMessage(400, LogLevel.Information, "Geo database {Type} of {BuiltAt} is in use")]
    public static partial void GeoLoaded(this ILogger log, string type, DateTimeOffset builtAt);

    [LoggerMessage(401, LogLevel.Warning, "Geo database {Path} was not taken, events go without a place: {Reason}")]
    public static partial void GeoMissing(this ILogger log, string path, string reason);

    [LoggerMessage(402, LogLevel.Warning, "Geo database {Path} was not taken, the one before stays in use: {Reason}")]
    public static partial void GeoRefused(this ILogger log, string path, string reason);
}
