using Edge.Storage.Faults;
using CommitPoint = Edge.Journal.Commits.CommitPoint;

namespace Edge.Journal.Records;

/// <summary>The fault build's half of <see cref="JournalReader"/>.</summary>
internal sealed partial class JournalReader
{
    partial void InjectRecovery(long address, CommitPoint committed, ref bool isIgnored)
    {
        isIgnored = Bugs.Planted(Bug.IgnoreIteratorError);
        if (isIgnored)
        {
            _position = Math.Min(EngineRecord.NextPage(address, _manifest.PageBytes), committed.Until);
            _cursor = new JournalCursor(
                _position,
                _position == committed.Until ? committed.Sequence : _cursor.Sequence
            );
            _gapAllowed = true;
        }
    }
}
