using System.Text.Json;
using System.Text.RegularExpressions;
using Edge.Experiments.Reading;
using Xunit;

namespace Edge.Tests.OpenApi;

/// <summary>The description of the API for itself: complete, without dangling references, its examples valid.</summary>
public partial class ApiDocumentTests
{
    private static readonly ApiDocument Document = ApiDocument.Instance;

    [Fact]
    public void References_AllOfThem_LeadSomewhereAndEveryComponentIsUsed()
    {
        var references = Find(Document.Root, "$ref").Select(found => found.Value.GetString()!).ToHashSet();
        foreach (var reference in references)
        {
            Document.Schema.Resolve(JsonDocument.Parse($$"""{"$ref":"{{reference}}"}""").RootElement);
        }

        var components =
            from kind in Document.Root.GetProperty("components").EnumerateObject()
            where kind.Name != "securitySchemes"
            from component in kind.Value.EnumerateObject()
            select $"#/components/{kind.Name}/{component.Name}";
        Assert.Empty(components.Except(references));
    }

    [Fact]
    public void Operations_AllOfThem_HaveWhatReadersNeed()
    {
        var tags = Document
            .Root.GetProperty("tags")
            .EnumerateArray()
            .Select(tag => tag.GetProperty("name").GetString())
            .ToHashSet();
        var schemes = Document.Root.GetProperty("components").GetProperty("securitySchemes");
        var ids = new HashSet<string>();
        foreach (var (path, method, operation) in Document.Operations)
        {
            var where = $"{method} {path}";
            Assert.True(ids.Add(operation.GetProperty("operationId").GetString()!), where);
            Assert.NotEqual("", operation.GetProperty("summary").GetString());
            Assert.Contains(operation.GetProperty("tags")[0].GetString(), tags);
            foreach (var way in operation.GetProperty("security").EnumerateArray())
            {
                foreach (var scheme in way.EnumerateObject())
                {
                    Assert.True(schemes.TryGetProperty(scheme.Name, out _), where);
                }
            }

            foreach (var response in operation.GetProperty("responses").EnumerateObject())
            {
                Assert.NotEqual("", Document.Schema.Resolve(response.Value).GetProperty("description").GetString());
            }

            Assert.Equal(
                PathParameter().Matches(path).Select(match => match.Groups[1].Value).Order(),
                ParametersOf(path, operation).Order()
            );
        }
    }

    [Fact]
    public void Examples_AllOfThem_AreValid()
    {
        var checkedCount = 0;
        foreach (var (place, media) in Find(Document.Root, "schema", parent: true))
        {
            var examples =
                media.TryGetProperty("examples", out var many)
                    ? many.EnumerateObject().Select(example => example.Value.GetProperty("value"))
                : media.TryGetProperty("example", out var one) ? [one]
                : [];
            foreach (var example in examples)
            {
                Assert.Empty(
                    Document
                        .Schema.Problems(media.GetProperty("schema"), example)
                        .Select(problem => $"{place}: {problem}")
                );
                checkedCount++;
            }
        }
        Assert.True(checkedCount > 40);
    }

    /// <summary>What the readers of a definition know, against what the document says that it may have.</summary>
    [Theory]
    [InlineData("Experiment", nameof(KnownMembers.OfExperiment), "slots")]
    [InlineData(
        "Variant",
        nameof(KnownMembers.OfVariant),
        "priority",
        "preRenderedUrl",
        "alphaSuccesses",
        "betaFailures"
    )]
    [InlineData("GoalConfig", nameof(KnownMembers.OfGoal))]
    [InlineData("LinkConfig", nameof(KnownMembers.OfLink))]
    [InlineData("ExclusionGroup", nameof(KnownMembers.OfExclusionGroup))]
    [InlineData("BanditConfig", nameof(KnownMembers.OfBandit))]
    [InlineData("OutputConfig", nameof(KnownMembers.OfOutput))]
    [InlineData("VariantSchedule", nameof(KnownMembers.OfSchedule))]
    [InlineData("Recurrence", nameof(KnownMembers.OfRecurrence))]
    [InlineData("ConditionGroup", nameof(KnownMembers.OfGroup))]
    [InlineData("ConditionRule", nameof(KnownMembers.OfRule))]
    public void Members_OfADefinition_AreThoseOfItsReader(string schema, string known, params string[] undescribed)
    {
        var read = (IReadOnlyCollection<string>)typeof(KnownMembers).GetField(known)!.GetValue(null)!;

        Assert.Equal(read.Except(undescribed).Order(), MembersOf(schema).Keys.Order());
    }

    [Fact]
    public void Members_ThatAreNotTheServers_MayBeSentInEveryDefinition()
    {
        var sent = MembersOf("Experiment")
            .Where(member => !member.Value.TryGetProperty("readOnly", out _))
            .Select(member => member.Key)
            .Order()
            .ToArray();

        Assert.Equal(sent, MembersOf("NewExperiment").Keys.Order());
        Assert.Equal(sent, MembersOf("ExperimentChange").Keys.Order());
    }

    /// <summary>The examples that the published pages of the four APIs give beside those of the document.</summary>
    [Theory]
    [InlineData(
        "a purchase from a server",
        "TrackEvent",
        """{"event":"purchase","anonymous_id":"u_abc","user_id":"user_42","properties":{"amount_cents":4900,"currency":"usd"}}"""
    )]
    [InlineData(
        "a decision",
        "TrafficalEvent",
        """{"type":"decision","unitKey":"user_789","timestamp":"2026-05-21T10:30:00Z","layers":[{"layerId":"l","bucket":0}],"latencyMs":1.5}"""
    )]
    [InlineData("a single event", "ExperimentEvents", """{"event":"impression","experiment":"homepage-hero-test"}""")]
    [InlineData(
        "an array of events",
        "ExperimentEvents",
        """[{"event":"view","experiment":"a-b","metadata":{"a":{"b":1}},"writeKey":"wk_1"}]"""
    )]
    [InlineData(
        "an event with more members",
        "ArtieEvent",
        """{"event":"e","properties":{},"timestamp":"2025-10-29T22:00:00.778Z","tenant":7}"""
    )]
    public void Schemas_Published_TakeWhatSendersSend(string name, string schema, string json) =>
        Assert.Empty(Problems(schema, json).Select(problem => $"{name}: {problem}"));

    [Theory]
    [InlineData("no event", "TrackEvent", """{"properties":{}}""")]
    [InlineData(
        "an event name too long",
        "ExperimentEvents",
        """{"event":"impression","experiment":"0123456789012345678901234567890123456789012345678901234567890"}"""
    )]
    [InlineData(
        "an unknown type",
        "TrafficalEvent",
        """{"type":"other","unitKey":"u","timestamp":"2026-05-21T10:30:00Z","layers":[]}"""
    )]
    [InlineData(
        "a track without its scope",
        "TrafficalEvent",
        """{"type":"track","unitKey":"u","timestamp":"2026-05-21T10:30:00Z","event":"e"}"""
    )]
    [InlineData("no timestamp", "ArtieEvent", """{"event":"e","properties":{}}""")]
    [InlineData(
        "null for properties",
        "ArtieEvent",
        """{"event":"e","properties":null,"timestamp":"2025-10-29T22:00:00.778Z"}"""
    )]
    [InlineData("an undescribed member", "TrackAnswer", """{"ok":true,"event_id":null,"more":1}""")]
    [InlineData("a weight too high", "Variant", """{"id":"a","weight":10001}""")]
    public void Schemas_Published_RefuseWhatIsWrong(string name, string schema, string json) =>
        Assert.True(Problems(schema, json).Count > 0, name);

    private static IReadOnlyList<string> Problems(string schema, string json) =>
        Document.Schema.Problems(
            Document.Root.GetProperty("components").GetProperty("schemas").GetProperty(schema),
            JsonDocument.Parse(json).RootElement
        );

    private static IEnumerable<string> ParametersOf(string path, JsonElement operation)
    {
        var shared = Document.Root.GetProperty("paths").GetProperty(path);
        JsonElement[] holders = [shared, operation];
        return from holder in holders
               where holder.TryGetProperty("parameters", out _)
               from parameter in holder.GetProperty("parameters").EnumerateArray().Select(Document.Schema.Resolve)
               where parameter.GetProperty("in").GetString() == "path"
               select parameter.GetProperty("name").GetString()!;
    }

    private static IReadOnlyDictionary<string, JsonElement> MembersOf(string schema) =>
        Document.Schema.Members(Document.Root.GetProperty("components").GetProperty("schemas").GetProperty(schema));

    /// <summary>Every member of a name, or the object that holds it, with its place.</summary>
    private static IEnumerable<(string Place, JsonElement Value)> Find(
        JsonElement from,
        string name,
        bool parent = false,
        string place = ""
    )
    {
        var children = from.ValueKind switch
        {
            JsonValueKind.Object => from.EnumerateObject().Select(member => (member.Name, member.Value)),
            JsonValueKind.Array => from.EnumerateArray().Select((item, index) => ($"{index}", item)),
            _ => [],
        };
        foreach (var (key, value) in children)
        {
            if (key == name)
            {
                yield return (place, parent ? from : value);
            }

            foreach (var found in Find(value, name, parent, $"{place}/{key}"))
            {
                yield return found;
            }
        }
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex PathParameter();
}
