using System.Text.Json;
using Edge.Experiments;
using Edge.Experiments.Conditions;
using Edge.Fleet;
using Xunit;

namespace Edge.Tests.Fleet;

/// <summary>Experiments as they travel from an origin to its edges.</summary>
public class ItemCodecTests
{
    /// <summary>An origin serves what it has once taken; that must not stop every edge of its fleet.</summary>
    [Theory]
    [InlineData("time.hour", "25")]
    [InlineData("geo.country", "\"USA\"")]
    public void Item_WithAValueThatNobodyHas_IsUnderstood(string property, string value)
    {
        var running = Definitions.Running("late");
        var rule = new ConditionRule(property, null, RuleOperator.Equals, JsonDocument.Parse(value).RootElement);
        var late = running with { Variants = [running.Variants[0], running.Variants[1] with { Conditions = rule }] };

        var read = ItemCodec.ReadExperiment(ItemCodec.Of(late));

        Assert.Equal(value, ((ConditionRule)read.Variants[1].Conditions!).Value.GetRawText());
    }
}
