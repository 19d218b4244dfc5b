using System.Globalization;
using System.Text;
using Edge.Catalog;
using Edge.Formats;
using Edge.Statistics.Counting;
using Edge.Statistics.Results;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>GET /experiments/api/{uid}/results.csv</c>: the time series of the results as a table (RFC 4180), one line per
/// hour and variant, with <c>?by=day</c> per UTC day.
/// </summary>
internal sealed class GetSeries(CatalogHolder catalog, ITally tally)
{
    /// <summary>What may be asked for.</summary>
    public static readonly string[] Parameters = ["by"];

    private const string Hour = "hour";
    private const string Day = "day";

    private const string Header = "time,variant,impressions,clicks,trials,successes,uniques\r\n";

    public async Task HandleAsync(ManagedRequest request)
    {
        if (request.Find(catalog.Current) is not { Experiment: var experiment })
        {
            await request.NotFoundAsync();
            return;
        }

        var by = request.Context.Request.Query["by"].ToString();
        if (by is not ("" or Hour or Day))
        {
            await Problem.ValidationAsync(
                request.Context,
                [new Violation("by", $"must be {Hour} or {Day}", ViolationCodes.InvalidValue)]
            );
            return;
        }

        if (GetResults.Refuse(request.Context, tally.AgeOf(experiment.Uid)) is { } refusal)
        {
            await refusal;
            return;
        }

        var counted = tally.Find(experiment.Uid);
        var points = by == Day ? counted?.Daily : counted?.Hourly;
        var body = Encoding.UTF8.GetBytes(Header + string.Concat((points ?? []).SelectMany(Lines)));
        var headers = request.Context.Response.Headers;
        headers.CacheControl = "private, no-cache";
        headers.ContentDisposition = $"attachment; filename=\"{experiment.Slug}.csv\"";
        await Replies.WriteBodyAsync(request.Context, "text/csv; charset=utf-8", body);
    }

    /// <summary>Neither times, ids of variants nor numbers need quotes; an unknown number is empty.</summary>
    private static IEnumerable<string> Lines(SeriesPoint point) =>
        point.Variants.Select(counts =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{point.Time.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ},{counts.VariantId},{counts.Impressions},{counts.Clicks},{counts.Trials},{counts.Successes},{counts.Uniques}\r\n"
            )
        );
}
