using System.Text.Json;
using Edge.Catalog;
using Edge.Formats;
using Edge.Statistics.Counting;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>GET /experiments/api/{uid}/uniques</c>: the registers behind the numbers of unique visitors, for whoever merges
/// those of several nodes, hours or days (<c>docs/statistics.md</c>).
/// </summary>
internal sealed class GetUniques(CatalogHolder catalog, ITally tally)
{
    public Task HandleAsync(ManagedRequest request)
    {
        if (request.Find(catalog.Current) is not { Experiment: var experiment })
        {
            return request.NotFoundAsync();
        }
        if (GetResults.Refuse(request.Context, tally.AgeOf(experiment.Uid)) is { } refusal)
        {
            return refusal;
        }

        var sketches = tally.SketchesOf(experiment.Uid);
        return request.WriteAsync(json =>
        {
            json.WriteStartArray("uniques");
            foreach (var variant in sketches)
            {
                Write(json, variant);
            }

            json.WriteEndArray();
        });
    }

    private static void Write(Utf8JsonWriter json, VariantSketches variant)
    {
        json.WriteStartObject();
        json.WriteString("variantId", variant.Id);
        json.WritePropertyName("uniques");
        if (variant.Uniques.Count is { } count)
        {
            json.WriteNumberValue(count);
        }
        else
        {
            json.WriteNullValue();
        }

        json.WritePropertyName("registers");
        if (variant.Total is { } registers)
        {
            json.WriteBase64StringValue(registers);
        }
        else
        {
            json.WriteNullValue();
        }

        Write(json, "hourly", variant.Hours);
        Write(json, "daily", variant.Days);
        json.WriteEndObject();
    }

    private static void Write(
        Utf8JsonWriter json,
        string name,
        IReadOnlyList<(DateTimeOffset Time, byte[] Registers)> periods
    )
    {
        json.WriteStartArray(name);
        foreach (var (time, registers) in periods)
        {
            json.WriteStartObject();
            json.WriteString("time", Timestamp.Format(time));
            json.WriteBase64String("registers", registers);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
