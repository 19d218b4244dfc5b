using System.Text;
using Edge.Commands.Filters;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Commands;

/// <summary><c>edge geo</c>: one line in, one line out, and what is wrong named by line.</summary>
public class GeoCommandTests
{
    [Fact]
    public void Geo_Addresses_AreAnsweredLineByLine()
    {
        var (exitCode, output, error) = Run("192.0.2.1\n198.51.100.1\r\n::ffff:192.0.2.2\n 192.0.2.3 ");

        const string Berlin = """{"country":{"iso_code":"DE"},"city":"東京"}""";
        Assert.Equal((0, $"{Berlin}\nnull\n{Berlin}\n{Berlin}\n", ""), (exitCode, output, error));
    }

    [Theory]
    [InlineData("a name", "example.com")]
    [InlineData("an octet too many", "192.0.2.1.5")]
    [InlineData("an octet too large", "192.0.2.256")]
    [InlineData("empty", "")]
    [InlineData("octal", "0xc0000201")]
    public void Geo_LineThatIsNoAddress_IsNamedAndAnsweredWithNull(string row, string line)
    {
        var (exitCode, output, error) = Run($"192.0.2.1\n{line}\n192.0.2.2\n");

        Assert.Equal((row, 1, 3), (row, exitCode, output.TrimEnd('\n').Split('\n').Length));
        Assert.Equal("null", output.Split('\n')[1]);
        Assert.Equal($"edge geo: line 2: '{line}' is not an IPv4 or IPv6 address\n", error);
    }

    [Fact]
    public void Geo_EndlessLine_IsCut()
    {
        var (exitCode, output, error) = Run(new string('1', 1_000_000) + "\n192.0.2.1\n");

        Assert.Equal(1, exitCode);
        Assert.StartsWith("null\n{", output, StringComparison.Ordinal);
        Assert.InRange(error.Length, 1, 300);
    }

    [Fact]
    public void Geo_DamagedRecord_IsNamedAndTheRestAnswered()
    {
        var writer = new GeoFileWriter();
        writer
            .Add("192.0.2.0/24", "fine")
            .AddOffset(
                "198.51.100.0/24",
                writer.WriteRaw([.. GeoFileWriter.Control(11, 1), .. GeoFileWriter.Pointer(60_000)])
            );

        var (exitCode, output, error) = Run("198.51.100.1\n192.0.2.1\n", writer.Build());

        Assert.Equal((1, "null\n\"fine\"\n"), (exitCode, output));
        Assert.StartsWith("edge geo: line 1: the record of this address is damaged", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Geo_FileThatIsNone_IsRefusedWithAReason()
    {
        var (exitCode, output, error) = Run("192.0.2.1\n", [1, 2, 3]);

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Matches("^edge geo: .*geo.mmdb was not taken: it is no MaxMind DB file", error);
    }

    private static (int ExitCode, string Output, string Error) Run(string input, byte[]? file = null)
    {
        using var directory = new TempDirectory();
        var path = directory["geo.mmdb"];
        var record = GeoFileWriter.Map(("country", GeoFileWriter.Map(("iso_code", "DE"))), ("city", "東京"));
        File.WriteAllBytes(path, file ?? new GeoFileWriter().Add("192.0.2.0/24", record).Build());
        var output = new MemoryStream();
        var error = new StringWriter { NewLine = "\n" };
        var exitCode = GeoCommand.Run(path, new StringReader(input), output, error);
        return (exitCode, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
