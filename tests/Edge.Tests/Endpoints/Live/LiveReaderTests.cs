using Edge.Endpoints.Live;
using Xunit;

namespace Edge.Tests.Endpoints.Live;

/// <summary>How much one reader of the live feed is shown, and when it is dropped.</summary>
public class LiveReaderTests
{
    [Fact]
    public void Turns_BeyondThoseOfASecond_AreCountedAndComeBackWithTheNext()
    {
        var reader = NewReader();

        var shown = Enumerable.Range(0, 80).Count(_ => reader.HasTurn());
        reader.Skip(1_000);

        Assert.Equal(LiveReader.ShownPerSecond, shown);
        Assert.Equal((LiveReader.ShownPerSecond, 1_030), reader.NextSecond());
        Assert.True(reader.HasTurn());
        Assert.Equal((1, 0), reader.NextSecond());
    }

    [Fact]
    public void Offer_ToAReaderThatTakesNothing_DropsItOnce()
    {
        var reader = NewReader();
        var dropped = 0;
        reader.OnDropped = () => dropped++;

        var taken = 0;
        while (reader.Offer([1]))
        {
            taken++;
        }

        Assert.Equal((256, 1), (taken, dropped));
        while (reader.Waiting.TryRead(out _))
        {
            taken--;
        }

        Assert.Equal(0, taken);
        Assert.True(reader.Waiting.Completion.IsCompletedSuccessfully);
    }

    private static LiveReader NewReader() => new(new LiveFilter(null, null, null, null, new Edge.Catalog.CatalogHolder()), "key_a");
}
