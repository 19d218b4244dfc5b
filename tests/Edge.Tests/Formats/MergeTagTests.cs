using System.Text;
using Edge.Selection;
using Edge.Visits;
using Xunit;

namespace Edge.Tests.Formats;

/// <summary>Which values of <c>u</c> are merge tags that nobody has filled in, as they stand in a query.</summary>
public class MergeTagTests
{
    [Theory]
    [InlineData("*|UNIQID|*")]
    [InlineData("*%7CUNIQID%7C*")]
    [InlineData("{{ subscriber.id }}")]
    [InlineData("%7B%7B+subscriber.id+%7D%7D")]
    [InlineData("nl-{{contact.id}}")]
    [InlineData("{%25 member %25}")]
    [InlineData("%recipient_id%")]
    [InlineData("%25recipient_id%25")]
    [InlineData("%ADDRESS%")]
    [InlineData("%%emailaddr%%")]
    [InlineData("[[ID]]")]
    [InlineData("[% member:id %]")]
    [InlineData("[SUBSCRIBER_ID]")]
    [InlineData("<%= user_id %>")]
    [InlineData("${lead.Id}")]
    [InlineData("#{user}")]
    [InlineData("{!Contact.Id}")]
    [InlineData("{contactfield=id}")]
    [InlineData("[email,fallback=]")]
    [InlineData("{token%3Dx}")]
    [InlineData("{$email}")]
    [InlineData("##uid##")]
    [InlineData("@@user@@")]
    [InlineData("$uid$")]
    [InlineData("<<Username>>")]
    public void Tag_Unfilled_IsNobody(string sent) =>
        Assert.Equal(UnitSource.UnfilledTag, Visit.ReadParameter($"?a=1&u={sent}", null, Room(), out _, out _));

    [Theory]
    [InlineData("reader-17")]
    [InlineData("-k3XyZ-")]
    [InlineData("_q9_")]
    [InlineData("someone%40example.com")]
    [InlineData("{6F9619FF-8B86-D011-B42D-00CF4FC964FF}")]
    [InlineData("{\"id\":17}")]
    [InlineData("[17]")]
    [InlineData("100%25")]
    [InlineData("a%b%c")]
    [InlineData("$17.50$")]
    [InlineData("YWJj%2Bgh%2F%3D%3D")]
    [InlineData("{{}}")]
    public void Id_ThatOnlyLooksAlike_IsSomebody(string sent) =>
        Assert.Equal(UnitSource.Parameter, Visit.ReadParameter($"?u={sent}", null, Room(), out _, out _));

    [Fact]
    public void Id_LongerThanAUnit_IsItsHash()
    {
        var room = Room();

        Assert.Equal(UnitSource.Parameter, Visit.ReadParameter("?u=" + new string('a', 200), null, room, out var written, out _));
        // printf 'a%.0s' $(seq 200) | sha256sum
        Assert.Equal(
            "c2a908d98f5df987ade41b5fce213067efbcc21ef2240212a41e54b5e7c28ae5",
            Encoding.ASCII.GetString(room.AsSpan(0, written))
        );
        Assert.Equal(UnitSource.Parameter, Visit.ReadParameter("?u=" + new string('a', 128), null, room, out written, out _));
        Assert.Equal(128, written);
    }

    private static byte[] Room() => new byte[Bucketing.UnitBytesMax];
}
