using System.Text;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Storage;

namespace Edge.Catalog;

/// <summary>
/// The experiments of <c>edge serve --demo</c>, one of each type and a test of two pages, all running, to try before
/// anything is configured. Their attribution window is a minute, so that results show while somebody looks. They are ordinary definitions, read by the ordinary reader.
/// </summary>
internal static class DemoExperiments
{
    /// <summary>An A/B test, half and half, with a link.</summary>
    public const string AbSlug = "demo-ab";

    /// <summary>A test of two landing pages, judged by conversions.</summary>
    public const string PagesSlug = "demo-pages";

    /// <summary>Uid of the test of two headlines.</summary>
    public const string AbUid = "exp_demo_ab";

    /// <summary>Uid of the test of two landing pages.</summary>
    public const string PagesUid = "exp_demo_pages";

    /// <summary>A smart link by device, then by country.</summary>
    public const string SmartSlug = "demo-smart";

    /// <summary>A schedule with day and night.</summary>
    public const string ScheduleSlug = "demo-schedule";

    private const string Ab = """
        {
          "uid": "exp_demo_ab", "slug": "demo-ab", "type": "ab_test", "name": "Demo: two headlines, half and half",
          "status": "running",
          "variants": [
            {"id": "a", "name": "Plain headline", "weight": 5000, "isDefault": true},
            {"id": "b", "name": "Bold headline", "weight": 5000}
          ],
          "goalConfig": {"type": "click_through", "destinationUrl": "https://example.com/landing"},
          "attributionWindowMinutes": 1
        }
        """;

    private const string Pages = """
        {
          "uid": "exp_demo_pages", "slug": "demo-pages", "type": "ab_test", "name": "Demo: two landing pages",
          "status": "running",
          "variants": [
            {
              "id": "long", "name": "Long page", "weight": 5000, "isDefault": true,
              "destinationUrl": "https://example.com/long"
            },
            {"id": "short", "name": "Short page", "weight": 5000, "destinationUrl": "https://example.com/short"}
          ],
          "goalConfig": {"type": "conversion"}, "trialStart": "click", "attributionWindowMinutes": 1
        }
        """;

    private const string Smart = """
        {
          "uid": "exp_demo_smart", "slug": "demo-smart", "type": "smart_link", "name": "Demo: by device and country",
          "status": "running",
          "variants": [
            {
              "id": "mobile", "name": "Phones", "weight": 0, "destinationUrl": "https://example.com/app",
              "conditions": {"type": "rule", "property": "device.type", "ruleOperator": "equals", "value": "mobile"}
            },
            {
              "id": "german", "name": "Desktop in Germany, Austria or Switzerland", "weight": 0,
              "destinationUrl": "https://example.com/de",
              "conditions": {
                "type": "group", "operator": "AND", "children": [
                  {"type": "rule", "property": "geo.country", "ruleOperator": "in", "value": ["DE", "AT", "CH"]},
                  {"type": "rule", "property": "device.type", "ruleOperator": "equals", "value": "desktop"}
                ]
              }
            },
            {"id": "default", "name": "Everybody else", "weight": 10000, "isDefault": true}
          ],
          "goalConfig": {"type": "click_through", "destinationUrl": "https://example.com/smart"}
        }
        """;

    private const string Schedule = """
        {
          "uid": "exp_demo_schedule", "slug": "demo-schedule", "type": "scheduled", "name": "Demo: day and night",
          "status": "running",
          "variants": [
            {
              "id": "day", "name": "From 06:00 to 18:00 UTC", "weight": 0,
              "destinationUrl": "https://example.com/day",
              "schedule": {
                "startAt": "2026-01-01T06:00:00Z", "endAt": "2026-01-01T18:00:00Z", "recurrence": {"type": "daily"}
              }
            },
            {
              "id": "night", "name": "From 18:00 to 06:00 UTC", "weight": 0,
              "destinationUrl": "https://example.com/night",
              "schedule": {
                "startAt": "2026-01-01T18:00:00Z", "endAt": "2026-01-02T06:00:00Z", "recurrence": {"type": "daily"}
              }
            },
            {"id": "default", "name": "Whenever neither applies", "weight": 10000, "isDefault": true}
          ],
          "goalConfig": {"type": "click_through", "destinationUrl": "https://example.com/schedule"}
        }
        """;

    /// <summary>
    /// Writes all of them into the experiment directory if it is empty, creating it if necessary. False when it was not
    /// empty. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.
    /// </summary>
    public static bool WriteIfEmpty(string directory, TimeProvider time)
    {
        Directory.CreateDirectory(directory);

        // An interrupted first start may have left nothing but an unfinished file.
        AtomicFile.DeleteUnfinished(directory);
        if (Directory.EnumerateFileSystemEntries(directory).Any())
        {
            return false;
        }
        foreach (var definition in (string[])[Ab, Pages, Smart, Schedule])
        {
            var reading = ExperimentReader.ReadStored(
                Encoding.UTF8.GetBytes(definition),
                ExperimentRules.Default,
                time.GetUtcNow()
            );
            var experiment = reading.Experiment!;
            AtomicFile.Write(directory, $"{experiment.Slug}.json", ExperimentWriter.WriteStored(experiment));
        }
        return true;
    }
}
