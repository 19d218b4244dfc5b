using System.Text.Json;
using Edge.Tests.Support;

namespace Edge.FaultTests.Oracle;

/// <summary>
/// What was delivered, compared with what was sent and promised: acknowledged within delivered, delivered within
/// attempted, payloads as sent, repetitions with the same bytes, and the order of each visitor kept.
/// </summary>
internal sealed class DeliveryCheck
{
    /// <summary>How the finding about lost events is called.</summary>
    public const string LostKind = "lost";

    /// <summary>How the finding about events of one visitor in another order is called.</summary>
    public const string DisorderKind = "out of order";

    private const int NamedFindings = 5;

    private readonly List<string> _findings = [];

    private DeliveryCheck() { }

    public long Attempted { get; private set; }

    public long Acknowledged { get; private set; }

    /// <summary>Different events delivered.</summary>
    public long Delivered { get; private set; }

    /// <summary>Acknowledged and not delivered.</summary>
    public long Lost { get; private set; }

    /// <summary>Further lines of an event that was delivered already.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Delivered and never sent, or sent and answered as not kept.</summary>
    public long Phantoms { get; private set; }

    /// <summary>What contradicts the promises, in words; the first few of each kind.</summary>
    public IReadOnlyList<string> Findings => _findings;

    public static DeliveryCheck Of(OutsideLedger ledger, IEnumerable<string> lines)
    {
        var check = new DeliveryCheck();
        var sent = ledger.All();
        var firstLines = new string?[sent.Length];
        var newestOfVisitor = new Dictionary<int, int>();
        var wrong = new List<string>();
        var phantoms = new List<string>();
        var disorder = new List<string>();
        foreach (var line in lines)
        {
            if (!TryParse(line, out var delivered))
            {
                wrong.Add($"a forwarded line is not JSON: {Shorten(line)}");
                continue;
            }
            if (
                !SentEvent.TryReadNumber(delivered.Text("referrer"), ledger.Name, out var number)
                || number >= sent.Length
            )
            {
                check.Phantoms++;
                phantoms.Add($"nobody sent {Shorten(line)}");
                continue;
            }
            var original = sent[number];
            if (
                delivered.Text("referrer") != original.Referrer
                || delivered.Text("type") != original.Type
                || delivered.Text("experiment") != "demo-ab"
            )
            {
                wrong.Add($"event {number} was delivered with another payload: {Shorten(line)}");
            }
            if (firstLines[number] is { } first)
            {
                check.Duplicates++;
                if (first != line)
                {
                    wrong.Add(
                        $"event {number} was delivered twice with different bytes: {Shorten(first)} and {Shorten(line)}"
                    );
                }

                continue;
            }
            firstLines[number] = line;
            check.Delivered++;
            if (original.Promise == Promise.NotKept)
            {
                check.Phantoms++;
                phantoms.Add($"event {number} was answered as not kept and yet delivered");
            }
            if (newestOfVisitor.TryGetValue(original.Visitor, out var newest) && newest > number)
            {
                disorder.Add($"event {number} of visitor {original.Visitor} came after its event {newest}");
            }

            newestOfVisitor[original.Visitor] = number;
        }

        var lost = sent.Where(e => e.Promise == Promise.Disk && firstLines[e.Number] is null).ToArray();
        check.Attempted = sent.Length;
        check.Acknowledged = sent.LongCount(e => e.Promise == Promise.Disk);
        check.Lost = lost.Length;
        check.Add(LostKind, [.. lost.Select(e => $"event {e.Number} was acknowledged and not delivered")]);
        check.Add("phantom", phantoms);
        check.Add("wrong", wrong);
        check.Add(DisorderKind, disorder);
        return check;
    }

    public override string ToString() =>
        $"attempted {Attempted}, acknowledged {Acknowledged}, delivered {Delivered}, lost {Lost}, duplicates {Duplicates}, phantoms {Phantoms}";

    private static bool TryParse(string line, out JsonElement element)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            element = document.RootElement.Clone();
            return element.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            element = default;
            return false;
        }
    }

    private static string Shorten(string line) => line.Length <= 200 ? line : line[..200] + "...";

    private void Add(string kind, List<string> findings)
    {
        if (findings.Count == 0)
        {
            return;
        }

        _findings.Add($"{findings.Count} {kind}: {string.Join("; ", findings.Take(NamedFindings))}");
    }
}
