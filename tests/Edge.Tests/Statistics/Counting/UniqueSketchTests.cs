using CsCheck;
using Edge.Statistics.Counting;
using Xunit;

namespace Edge.Tests.Statistics.Counting;

/// <summary>
/// The sketch of unique units against theory, the plain definition of its registers, and the laws of sets.
/// </summary>
public class UniqueSketchTests
{
    private const int Streams = 200;

    private static readonly Gen<HashSet<ulong>> Sets = Gen.Int[0, 1_500]
        .SelectMany(count => Gen.ULong.Array[count])
        .Select(hashes => new HashSet<ulong>(hashes));

    /// <summary>
    /// 200 streams at each count: their mean error and their root mean square within three standard errors of what a
    /// sketch of 2,048 registers has. Below 512 every hash counts by itself.
    /// </summary>
    [Theory]
    [InlineData(300)]
    [InlineData(512)]
    [InlineData(1_000)]
    [InlineData(2_500)]
    [InlineData(6_000)]
    [InlineData(20_000)]
    [InlineData(100_000)]
    public void Estimate_OfManyStreams_HasTheErrorOfTheory(int uniques)
    {
        var random = new Random(uniques);
        var (sum, squares) = (0.0, 0.0);
        for (var stream = 0; stream < Streams; stream++)
        {
            var sketch = new UniqueSketch();
            for (var i = 0; i < uniques; i++)
            {
                var hash = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
                Add(sketch, hash);
                if (i % 3 == 0)
                {
                    Add(sketch, hash);
                }
            }
            var error = (sketch.Estimate - uniques) / (double)uniques;
            sum += error;
            squares += error * error;
        }

        var theory = 1.04 / Math.Sqrt(UniqueSketch.Registers);
        var (mean, rms) = (sum / Streams, Math.Sqrt(squares / Streams));
        if (uniques <= UniqueSketch.SparseMax)
        {
            Assert.True(rms < 0.0005, $"{rms}");
            return;
        }
        Assert.True(Math.Abs(mean) <= 3 * theory / Math.Sqrt(Streams), $"mean {mean}, of {theory}");
        // The square of the error is like chi-square of 200 degrees; few hashes collide less often than many.
        var most = theory * Math.Sqrt(1 + (3 * Math.Sqrt(2.0 / Streams)));
        var least = uniques < 5 * UniqueSketch.Registers ? 0 : theory * Math.Sqrt(1 - (3 * Math.Sqrt(2.0 / Streams)));
        Assert.InRange(rms, least, most);
    }

    [Fact]
    public void Estimate_OfRegistersThatAreFull_IsNotANumberThatFails()
    {
        var registers = new byte[UniqueSketch.Registers];
        Assert.Equal(0, UniqueSketch.EstimateOf(registers));
        registers.AsSpan().Fill(54);
        Assert.True(UniqueSketch.EstimateOf(registers) > 1e18);
    }

    [Fact]
    public void Registers_OfAnySet_AreThoseOfTheDefinition() =>
        Sets.Sample(hashes => Of(hashes).ToRegisters().AsSpan().SequenceEqual(Defined(hashes)));

    [Fact]
    public void Merge_IsThatOfSets_WhateverTheOrder() =>
        Gen.Select(Sets, Sets, Sets)
            .Sample(
                (a, b, c) =>
                {
                    var all = Text(Of([.. a, .. b, .. c]));
                    Assert.Equal(all, Text(Merged(Merged(Of(a), Of(b)), Of(c))));
                    Assert.Equal(all, Text(Merged(Of(a), Merged(Of(b), Of(c)))));
                    Assert.Equal(all, Text(Merged(Merged(Of(c), Of(a)), Of(b))));
                    Assert.Equal(Text(Of(a)), Text(Merged(Of(a), Of(a))));

                    var registers = Of(a).ToRegisters();
                    UniqueSketch.Merge(registers, Of(b).ToRegisters());
                    Assert.Equal(Defined([.. a, .. b]), registers);
                }
            );

    [Fact]
    public void Pack_AndUnpack_ChangeNothing() =>
        Sets.Sample(hashes =>
        {
            var (sketch, budget) = (Of(hashes), new SharedBudget(1 << 20));
            var from = new PackedReader(Packed(sketch));
            var again = UniqueSketch.Unpack(ref from, budget);
            from.End();
            Assert.Equal(Text(sketch), Text(again));
            Assert.Equal(again.Bytes, budget.Used);
            Assert.InRange(again.Bytes, 0, UniqueSketch.Registers + UniqueSketch.OverheadBytes);
        });

    [Theory]
    [InlineData("00 01")] // Behind its end.
    [InlineData("02 41")] // Ends early.
    [InlineData("01 00")] // No rank.
    [InlineData("01 37")] // A rank of 55.
    [InlineData("02 41 00")] // Twice the same.
    [InlineData("01 C1 FF FF FF 1F")] // More than 32 bits.
    [InlineData("81 04")] // 513 entries.
    public void Unpack_OfOtherBytes_IsRefused(string hex)
    {
        var bytes = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        Assert.Throws<InvalidDataException>(() =>
        {
            var from = new PackedReader(bytes);
            UniqueSketch.Unpack(ref from, new SharedBudget(0));
            from.End();
        });
        var registers = Packed(Of([.. Enumerable.Range(1, 600).Select(i => (ulong)i << 40)]));
        registers[^1] = 55;
        Assert.Throws<InvalidDataException>(() =>
        {
            var from = new PackedReader(registers);
            UniqueSketch.Unpack(ref from, new SharedBudget(0));
        });
    }

    [Fact]
    public void Add_BeyondItsBudget_SaysSoAndTakesNoMore()
    {
        var (sketch, budget) = (new UniqueSketch(), new SharedBudget(100));
        var results = Enumerable.Range(1, 40).Select(i => sketch.Add((ulong)i << 40, budget)).ToArray();

        // 16 entries of four bytes; the next would double them.
        Assert.All(results[..16], result => Assert.Equal(UniqueResult.Added, result));
        Assert.All(results[16..], result => Assert.Equal(UniqueResult.NoRoom, result));
        Assert.Equal(64, budget.Used);
        Assert.Equal(UniqueResult.Known, sketch.Add(1UL << 40, budget));
    }

    private static void Add(UniqueSketch sketch, ulong hash) => sketch.Add(hash, new SharedBudget(int.MaxValue));

    private static UniqueSketch Of(IEnumerable<ulong> hashes)
    {
        var sketch = new UniqueSketch();
        foreach (var hash in hashes)
        {
            Add(sketch, hash);
        }
        return sketch;
    }

    private static UniqueSketch Merged(UniqueSketch one, UniqueSketch other)
    {
        Assert.True(one.Merge(other, new SharedBudget(int.MaxValue)));
        return one;
    }

    /// <summary>The registers as the guide says them.</summary>
    private static byte[] Defined(IEnumerable<ulong> hashes)
    {
        var registers = new byte[2_048];
        foreach (var hash in hashes)
        {
            byte rank = 1;
            while (rank < 54 && (hash >> (rank - 1) & 1) == 0)
            {
                rank++;
            }
            registers[hash >> 53] = Math.Max(registers[hash >> 53], rank);
        }
        return registers;
    }

    private static byte[] Packed(UniqueSketch sketch) => PackedNumbers.Write(16, sketch.Pack);

    /// <summary>Everything that a sketch is.</summary>
    private static string Text(UniqueSketch sketch) =>
        $"{sketch.Estimate} {sketch.Error} {Convert.ToHexString(Packed(sketch))}";
}
