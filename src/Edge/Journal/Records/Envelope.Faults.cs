using Edge.Storage.Faults;

namespace Edge.Journal.Records;

/// <summary>The fault build's half of <see cref="Envelope"/>.</summary>
internal readonly partial record struct Envelope
{
    static partial void InjectCheck(ref bool isSkipped) => isSkipped = Bugs.Planted(Bug.UncheckedRecord);
}
