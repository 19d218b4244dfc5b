using System.Diagnostics;
using System.Text.Json;
using Edge.Enrichment.Geo;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Enrichment.Geo;

/// <summary>Files of the published Perl writer; its author is not the reader's. <c>.ci/run</c> installs it.</summary>
public class PublishedWriterTests
{
    [Theory]
    [InlineData(24)]
    [InlineData(28)]
    [InlineData(32)]
    public void Database_OfThePublishedWriter_IsRead(int recordBits)
    {
        using var directory = new TempDirectory();
        var database = Support.Geo.Open(Write(directory["city.mmdb"], recordBits));

        Assert.Equal(
            (recordBits, true, "Test-City"),
            (database.Metadata.RecordBits, database.Metadata.IsV6, database.Metadata.DatabaseType)
        );
        Assert.Equal("AT|9|Wien|Europe/Vienna", database.Place("192.0.2.63"));
        Assert.Equal("FR|OCC|Nîmes|Europe/Paris", database.Place("192.0.2.64"));
        Assert.Equal("AT|9|Wien|Europe/Vienna", database.Place("192.0.2.128"));
        Assert.Equal("FR|OCC|Nîmes|Europe/Paris", database.Place("::ffff:192.0.2.127"));
        Assert.Equal("FR|OCC|Nîmes|Europe/Paris", database.Place("2002:c000:240::1"));
        Assert.Equal("US|||", database.Place("198.51.100.255"));
        Assert.Equal("JP|13|東京|Asia/Tokyo", database.Place("2001:db8:ffff:ffff::1"));
        Assert.Equal("|||", database.Place("192.0.3.0"));
        Assert.Equal("|||", database.Place("2001:db9::"));
    }

    [Theory]
    [InlineData(24)]
    [InlineData(28)]
    [InlineData(32)]
    public void Database_OfThePublishedWriter_AgreesWithThePublishedReader(int recordBits)
    {
        using var directory = new TempDirectory();
        Write(directory["city.mmdb"], recordBits);

        Assert.InRange(PublishedReaderTests.AssertAgrees(directory["city.mmdb"]), 5, 1_000);
    }

    [Fact]
    public void Record_OfThePublishedWriter_HasEveryType()
    {
        using var directory = new TempDirectory();
        var database = Support.Geo.Open(Write(directory["city.mmdb"], 28));

        var (outcome, json) = database.Record("203.0.113.1");

        Assert.Equal(LookupOutcome.Found, outcome);
        var traits = JsonDocument.Parse(json).RootElement.GetProperty("traits");
        Assert.True(traits.GetProperty("is_anycast").GetBoolean());
        Assert.Equal(ulong.MaxValue, traits.GetProperty("big").GetUInt64());
        Assert.Equal(UInt128.MaxValue.ToString(), traits.GetProperty("huge").GetRawText());
        Assert.Equal(-7, traits.GetProperty("offset").GetInt32());
        Assert.Equal(0.5f, traits.GetProperty("ratio").GetSingle());
        Assert.Equal([1, 2], traits.GetProperty("raw").GetBytesFromBase64());
    }

    private static byte[] Write(string path, int recordBits)
    {
        using var module = Perl("-MMaxMind::DB::Writer::Tree", "-e", "1");
        Assert.SkipUnless(module is { ExitCode: 0 }, "needs libmaxmind-db-writer-perl, which .ci/run installs");
        using var writer = Perl(
            Path.Combine(Repository.Root, "tests", "Edge.Tests", "Support", "documentation-city.pl"),
            path,
            recordBits.ToString()
        );
        Assert.True(writer!.ExitCode == 0, writer.StandardError.ReadToEnd());
        return File.ReadAllBytes(path);
    }

    private static Process? Perl(params string[] arguments)
    {
        try
        {
            var process = Process.Start(new ProcessStartInfo("perl", arguments) { RedirectStandardError = true });
            process!.WaitForExit();
            return process;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // no perl
        }
    }
}
