using Edge.Enrichment.Geo;
using Edge.Enrichment.Sources;
using Edge.Enrichment.UserAgents;
using Edge.Enrichment.Verdicts;
using Edge.Events;

namespace Edge.Visits;

/// <summary>
/// What the server adds to an event, whichever way it came: written in one place, so that no way knows more or less.
/// Allocates nothing.
/// </summary>
internal static class ServerFacts
{
    public static void Write(
        ref TrackedEvent e,
        UserAgentFacts agent,
        in Judgement judgement,
        in GeoPlace place,
        in TrafficSource source
    )
    {
        e.Source = source.Source;
        e.Medium = source.Medium;
        e.Campaign = source.Campaign;
        e.SourceConfidence = source.Confidence;
        e.SourceRuleId = source.RuleId;
        e.Country = place.Country.Text;
        e.Region = place.Region;
        e.City = place.City;
        e.TimeZone = place.TimeZone;
        e.DeviceType = agent.DeviceType;
        e.Browser = agent.Browser;
        e.BrowserVersion = agent.BrowserVersion;
        e.Os = agent.Os;
        e.OsVersion = agent.OsVersion;
        e.DeviceBrand = agent.DeviceBrand;
        e.DeviceModel = agent.DeviceModel;
        e.Verdict = VerdictNames.Of(judgement.Verdict);
        e.VerdictReason = judgement.Reason;
        e.VerdictShadow = judgement.Shadow?.ShadowText;
    }
}
