namespace Edge.Events;

/// <summary>
/// The only writer of events: one JSON object without a line feed, members in the order of <see cref="EventSchema"/>,
/// never re-serialised afterwards. Changing a name, the order or a format is a new schema version
/// (<c>docs/event-schema.md</c>, golden tests). Every thread has a buffer and a writer of its own; allocates nothing
/// once they are warm.
/// </summary>
internal static class EventEncoder
{
    [ThreadStatic]
    private static EventWriter? _writerOfThread;

    /// <summary>
    /// Encodes the event after <paramref name="room"/> free bytes. The span is valid until the next call on this
    /// thread.
    /// </summary>
    public static Span<byte> Encode(scoped in TrackedEvent e, int room)
    {
        var writer = _writerOfThread ??= new EventWriter();
        writer.Begin(room);
        writer.Write(EventSchema.SchemaVersion, EventSchema.Version);
        writer.Write(EventSchema.Id, e.Id);
        writer.Write(EventSchema.SenderId, e.SenderId);
        if (e.Corrects is { } corrected)
        {
            writer.Write(EventSchema.Corrects, corrected);
        }

        writer.Write(EventSchema.Node, e.Node);
        writer.Write(EventSchema.ReceivedAt, e.ReceivedAt);
        if (e.Timestamp is { } timestamp)
        {
            writer.Write(EventSchema.Timestamp, timestamp);
        }

        if (e.SentAt is { } sent)
        {
            writer.Write(EventSchema.SentAt, sent);
        }

        writer.Write(EventSchema.Api, e.Api);
        writer.Write(EventSchema.Project, e.Project);
        writer.Write(EventSchema.Environment, e.Environment);
        writer.Write(EventSchema.Synthetic, e.Synthetic);
        writer.Write(EventSchema.Type, e.Type);
        writer.Write(EventSchema.Event, e.Event);
        writer.Write(EventSchema.Experiment, e.Experiment);
        writer.Write(EventSchema.ExperimentUid, e.ExperimentUid);
        writer.Write(EventSchema.Variant, e.Variant);
        if (e.ProbabilityBasisPoints > 0)
        {
            writer.WriteShare(EventSchema.Probability, e.ProbabilityBasisPoints);
        }

        if (e.WeightsVersion > 0)
        {
            writer.Write(EventSchema.WeightsVersion, e.WeightsVersion);
        }

        writer.Write(EventSchema.UnitHash, e.UnitHash);
        writer.Write(EventSchema.UnitHashPrevious, e.UnitHashPrevious);
        writer.Write(EventSchema.UnitHashStable, e.UnitHashStable);
        writer.Write(EventSchema.MessageHash, e.MessageHash);
        writer.Write(EventSchema.UnitIgnored, e.UnitIgnored);
        writer.WriteRaw(EventSchema.Goals, e.Goals);
        writer.Write(EventSchema.Channel, e.Channel);
        writer.Write(EventSchema.UnitKey, e.UnitKey);
        writer.Write(EventSchema.AnonymousId, e.AnonymousId);
        writer.Write(EventSchema.UserId, e.UserId);
        writer.Write(EventSchema.SessionId, e.SessionId);
        writer.Write(EventSchema.DecisionId, e.DecisionId);
        writer.Write(EventSchema.TraceId, e.TraceId);
        writer.WriteRaw(EventSchema.Layers, e.Layers);
        writer.Write(EventSchema.Url, e.Url);
        writer.Write(EventSchema.Path, e.Path);
        writer.Write(EventSchema.Referrer, e.Referrer);
        writer.Write(EventSchema.Source, e.Source);
        writer.Write(EventSchema.Medium, e.Medium);
        writer.Write(EventSchema.Campaign, e.Campaign);
        writer.Write(EventSchema.SourceConfidence, e.SourceConfidence);
        writer.Write(EventSchema.SourceRuleId, e.SourceRuleId);
        writer.Write(EventSchema.Country, e.Country);
        writer.Write(EventSchema.Region, e.Region);
        writer.Write(EventSchema.City, e.City);
        writer.Write(EventSchema.TimeZone, e.TimeZone);
        writer.Write(EventSchema.DeviceType, e.DeviceType);
        writer.Write(EventSchema.Browser, e.Browser);
        writer.Write(EventSchema.BrowserVersion, e.BrowserVersion);
        writer.Write(EventSchema.Os, e.Os);
        writer.Write(EventSchema.OsVersion, e.OsVersion);
        writer.Write(EventSchema.DeviceBrand, e.DeviceBrand);
        writer.Write(EventSchema.DeviceModel, e.DeviceModel);
        writer.Write(EventSchema.AddressHash, e.AddressHash);
        writer.Write(EventSchema.VerdictBefore, e.VerdictBefore);
        writer.Write(EventSchema.Verdict, e.Verdict);
        writer.Write(EventSchema.VerdictReason, e.VerdictReason);
        writer.Write(EventSchema.VerdictCertainty, e.VerdictCertainty);
        writer.Write(EventSchema.VerdictShadow, e.VerdictShadow);
        writer.Write(EventSchema.Authenticated, e.IsAuthenticated);
        writer.WriteRaw(EventSchema.Properties, e.Properties);
        writer.WriteRaw(EventSchema.Extra, e.Extra);
        return writer.End();
    }
}
