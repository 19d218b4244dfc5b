using System.Text;
using System.Text.Json;
using Edge.Enrichment.Verdicts;
using Edge.Events;
using EventId = Edge.Events.EventId;

namespace Edge.Corrections;

/// <summary>
/// Judges clicks by what comes after them: reads the events in the order of the journal and finds corrections. Time is
/// event time, and nothing else is looked at, so the same events lead to the same corrections. Memory and the work for
/// one event are bounded, whatever is sent. Used by one thread.
/// </summary>
/// <param name="windowMs">How long a click can be judged, milliseconds.</param>
/// <param name="bytesMax">Most bytes of clicks that can be judged.</param>
internal sealed class LateJudge(long windowMs, long bytesMax)
{
    /// <summary>How far events may be ahead of the clock before their time is ignored, milliseconds.</summary>
    private const long AheadMs = 60_000;

    /// <summary>Most goals of one event that are looked at for a visit.</summary>
    private const int GoalUnitsMax = 64;

    private readonly ClickRing _ring = new(bytesMax);
    private readonly List<RingClick> _together = [];
    private IReadOnlyList<LateRule> _rules = [];
    private long _nowMs;
    private long _takenBackMs = long.MinValue;

    /// <summary>Clicks that can still be judged.</summary>
    public int Count => _ring.Count;

    /// <summary>Bytes that they take.</summary>
    public long Bytes => _ring.Bytes;

    /// <summary>Clicks that were let go before their time, for want of memory.</summary>
    public long LetGo => _ring.LetGo;

    /// <summary>Time of the newest event, milliseconds since 1970 UTC.</summary>
    public long NowMs => _nowMs;

    /// <summary>Puts rules in force; clicks that were judged by others can be judged again.</summary>
    public void Use(IReadOnlyList<LateRule> rules)
    {
        if (!ReferenceEquals(rules, _rules))
        {
            _rules = rules;
            _ring.ForgetRules();
        }
    }

    /// <summary>
    /// Reads the next event. An earlier correction is none of its business; <see cref="ObservedEvent"/> tells it.
    /// </summary>
    /// <param name="payload">The event.</param>
    /// <param name="id">Its id.</param>
    /// <param name="decoys">The experiments that are decoys, by <see cref="ObservedEvent.ExperimentOf"/>.</param>
    /// <param name="clockMs">The current time.</param>
    /// <param name="found">Gets the corrections that follow.</param>
    public void Observe(
        ReadOnlySpan<byte> payload,
        EventId id,
        HashSet<ulong> decoys,
        long clockMs,
        List<Correction> found
    )
    {
        if (!ObservedEvent.TryReadHead(payload, id.CreatedAtMs, out var e))
        {
            return;
        }

        if (e.AtMs > _nowMs && e.AtMs <= clockMs + AheadMs)
        {
            _nowMs = e.AtMs;
            _ring.Expire(_nowMs - windowMs);
        }

        switch (e.Kind)
        {
            case ObservedKind.Click:
            case ObservedKind.Impression when IsDecoy(e, decoys):
                if (e.ReadRest() && Add(e, payload, id, IsDecoy(e, decoys)) is { } click)
                {
                    Judge(click, found);
                }

                break;
            case ObservedKind.Report when _takenBackMs >= _nowMs - windowMs:
                if (e.ReadRest() && e.Verdict.IsPerson())
                {
                    GiveBack(e, found);
                }

                break;
        }
    }

    private static bool IsDecoy(in ObservedEvent e, HashSet<ulong> decoys) =>
        decoys.Count > 0 && decoys.Contains(ObservedEvent.ExperimentOf(e.ExperimentUid));

    /// <summary>Null when nothing connects it with other events.</summary>
    private RingClick? Add(in ObservedEvent e, ReadOnlySpan<byte> payload, EventId id, bool isDecoy)
    {
        var isClick = e.Kind == ObservedKind.Click;
        // The proxies of mail providers and browsers that load ahead fetch every picture of a message, for people.
        if (
            (e.Message == 0 && e.Address == 0)
            || (!isClick && e.Verdict is Verdict.Proxy or Verdict.Prefetch)
        )
        {
            return null;
        }

        var click = new RingClick
        {
            Id = id,
            AtMs = e.AtMs,
            ArrivedMs = _nowMs,
            SentMs = e.SentMs,
            Verdict = e.Verdict,
            Link = e.Link,
            IsDecoy = isDecoy,
            IsClick = isClick,
            Kept = isClick && !e.Verdict.IsMachine() ? CorrectionEncoder.Keep(payload) : [],
            Precedes = PrecededBy(e),
            Keys = [e.Message, e.Address, e.Visitor],
        };
        _ring.Add(click);
        return click;
    }

    /// <summary>The late rules that ask for a rule of requests which matched the event.</summary>
    private uint PrecededBy(in ObservedEvent e)
    {
        var precedes = 0u;
        for (var i = 0; i < _rules.Count; i++)
        {
            foreach (var id in _rules[i].AfterRules)
            {
                if (Ascii.Equals(e.Reason, id) || IsShadowOf(e.Shadow, id))
                {
                    precedes |= 1u << i;
                }
            }
        }

        return precedes;
    }

    private static bool IsShadowOf(ReadOnlySpan<byte> shadow, string id) =>
        shadow.Length > id.Length
        && shadow[^(id.Length + 1)] == ':'
        && Ascii.Equals(shadow[^id.Length..], id);

    private void Judge(RingClick click, List<Correction> found)
    {
        // What is taken back needs no record of what a rule in shadow would have done.
        for (var pass = 0; pass < 2; pass++)
        {
            for (var i = 0; i < _rules.Count; i++)
            {
                var rule = _rules[i];
                if (rule.Scope != LateScope.Visit && rule.IsEnforced == (pass == 0))
                {
                    if (rule.IsDecoy)
                    {
                        JudgeByDecoy(click, rule, i, found);
                    }
                    else if (click.IsClick)
                    {
                        JudgeByLinks(click, rule, i, found);
                    }
                }
            }
        }
    }

    private void JudgeByDecoy(RingClick click, LateRule rule, int place, List<Correction> found)
    {
        Gather(click, GroupOf(rule), click.AtMs - rule.WithinMs, click.AtMs + rule.WithinMs);
        if (click.IsDecoy)
        {
            foreach (var other in _together)
            {
                if (IsInScope(other, rule))
                {
                    Match(other, rule, place, click.AtMs, found);
                }
            }
        }
        else if (IsInScope(click, rule) && _together.Exists(static other => other.IsDecoy))
        {
            Match(click, rule, place, click.AtMs, found);
        }
    }

    private void JudgeByLinks(RingClick click, LateRule rule, int place, List<Correction> found)
    {
        if (!IsInScope(click, rule))
        {
            return;
        }

        // Events of one moment come in any order, so the last of them need not be the one that has just been read.
        Gather(click, GroupOf(rule), click.AtMs - rule.WithinMs, click.AtMs + rule.WithinMs);
        var endMs = click.AtMs;
        foreach (var other in _together)
        {
            endMs = Math.Max(endMs, other.AtMs);
        }

        Span<ulong> links = stackalloc ulong[ClickRing.GroupMax];
        var (count, beginMs, precedes, goesOn) = (0, endMs, 0u, false);
        foreach (var other in _together)
        {
            if (IsCounted(other, rule, endMs))
            {
                links[count++] = other.Link;
                beginMs = Math.Min(beginMs, other.AtMs);
                precedes |= other.Precedes;
                goesOn |= (other.JudgedBy & (1u << place)) != 0;
            }
        }

        links = links[..count];
        links.Sort();
        var different = 0;
        for (var i = 0; i < links.Length; i++)
        {
            different += i == 0 || links[i] != links[i - 1] ? 1 : 0;
        }

        if (rule.IsOnce && different < count)
        {
            return;
        }

        if (goesOn)
        {
            Match(click, rule, place, click.AtMs, found);
            return;
        }

        if (
            different < rule.Links
            || (rule.AfterRules.Count > 0 && (precedes & (1u << place)) == 0)
            || (rule.SentMs is var (from, to) && !IsBetween(click.SentMs, beginMs, from, to))
        )
        {
            return;
        }

        foreach (var other in _together)
        {
            if (IsCounted(other, rule, endMs))
            {
                Match(other, rule, place, click.AtMs, found);
            }
        }
    }

    /// <summary>Whether a click is one of those that a rule by links looks at.</summary>
    private static bool IsCounted(RingClick click, LateRule rule, long endMs) =>
        click.IsClick && click.AtMs >= endMs - rule.WithinMs && IsInScope(click, rule);

    /// <summary>
    /// Whether a rule can take a click. A signed link says which message it is of, so it is none of the clicks of an
    /// address, which may be that of a whole company.
    /// </summary>
    private static bool IsInScope(RingClick click, LateRule rule) =>
        rule.Scope == LateScope.Message || click.Keys[(int)ClickGroup.Message] == 0;

    private static bool IsBetween(long sentMs, long atMs, long from, long to) =>
        sentMs > 0 && atMs >= sentMs + from && atMs <= sentMs + to;

    private static ClickGroup GroupOf(LateRule rule) =>
        rule.Scope == LateScope.Message ? ClickGroup.Message : ClickGroup.Address;

    /// <summary>Finds what has the same key as a click, itself included, within a span of time.</summary>
    private void Gather(RingClick click, ClickGroup group, long fromMs, long toMs)
    {
        _together.Clear();
        var other = _ring.Newest(group, click.Keys[(int)group]);
        for (var seen = 0; other is not null && seen < ClickRing.GroupMax; seen++)
        {
            if (other.AtMs >= fromMs && other.AtMs <= toMs)
            {
                _together.Add(other);
            }

            other = _ring.Before(other, group);
        }
    }

    private void Match(RingClick click, LateRule rule, int place, long atMs, List<Correction> found)
    {
        var isNew = (click.JudgedBy & (1u << place)) == 0;
        click.JudgedBy |= 1u << place;
        click.IsCertain |= rule is { IsCertain: true, IsEnforced: true } && click.State == ClickState.TakenBack;
        if (!isNew || !click.IsClick || click.Verdict.IsMachine() || click.State != ClickState.AsJudged)
        {
            return;
        }

        if (rule.IsEnforced)
        {
            click.State = ClickState.TakenBack;
            click.IsCertain = rule.IsCertain;
            click.TakenAs = rule.Verdict;
            _takenBackMs = Math.Max(_takenBackMs, _nowMs);
            found.Add(new Correction(click, click.Verdict, rule.Verdict, rule, IsShadow: false, atMs));
        }
        else if (!click.IsShadowed)
        {
            click.IsShadowed = true;
            found.Add(new Correction(click, click.Verdict, click.Verdict, rule, IsShadow: true, atMs));
        }
    }

    /// <summary>
    /// Gives back the clicks before a visit, when the last of them was taken back: all of the same address, because
    /// whoever made them is there, and of the same unit elsewhere the last.
    /// </summary>
    private void GiveBack(in ObservedEvent e, List<Correction> found)
    {
        for (var i = 0; i < _rules.Count; i++)
        {
            if (_rules[i].Scope != LateScope.Visit)
            {
                continue;
            }

            if (_ring.Newest(ClickGroup.Address, e.Address) is { } last && IsFollowed(last, e, _rules[i]))
            {
                for (var (click, seen) = ((RingClick?)last, 0); click is not null && seen < ClickRing.GroupMax; seen++)
                {
                    Return(click, _rules[i], i, e.AtMs, found);
                    click = _ring.Before(click, ClickGroup.Address);
                }
            }

            GiveBackTo(e.Visitor, e, i, found);
            GiveBackByGoals(e, i, found);
        }
    }

    private void GiveBackByGoals(in ObservedEvent e, int place, List<Correction> found)
    {
        if (e.Goals.IsEmpty)
        {
            return;
        }

        Span<UInt128> visitors = stackalloc UInt128[GoalUnitsMax];
        foreach (var visitor in visitors[..ReadGoals(e.Goals, visitors)])
        {
            GiveBackTo(visitor, e, place, found);
        }
    }

    private void GiveBackTo(UInt128 visitor, in ObservedEvent e, int place, List<Correction> found)
    {
        if (_ring.Newest(ClickGroup.Visitor, visitor) is { } last && IsFollowed(last, e, _rules[place]))
        {
            Return(last, _rules[place], place, e.AtMs, found);
        }
    }

    private static bool IsFollowed(RingClick last, in ObservedEvent e, LateRule rule) =>
        last.State == ClickState.TakenBack && e.AtMs - last.AtMs >= rule.WithinMs;

    private static void Return(RingClick click, LateRule rule, int place, long atMs, List<Correction> found)
    {
        var isNew = (click.JudgedBy & (1u << place)) == 0;
        if (!isNew || click.State != ClickState.TakenBack || click.IsCertain)
        {
            return;
        }

        click.JudgedBy |= 1u << place;
        if (rule.IsEnforced)
        {
            click.State = ClickState.GivenBack;
            found.Add(new Correction(click, click.TakenAs, click.Verdict, rule, IsShadow: false, atMs));
        }
        else
        {
            found.Add(new Correction(click, click.TakenAs, click.TakenAs, rule, IsShadow: true, atMs));
        }
    }

    /// <summary>Reads the units of a member <c>goals</c>, with their experiments; returns how many.</summary>
    private static int ReadGoals(ReadOnlySpan<byte> goals, Span<UInt128> visitors)
    {
        var count = 0;
        var reader = new Utf8JsonReader(goals);
        var experiment = 0ul;
        while (reader.Read() && count < visitors.Length)
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            var isUid = EventSchema.ExperimentUid.Is(reader.ValueSpan);
            reader.Read();
            if (isUid && reader.TokenType == JsonTokenType.String)
            {
                experiment = ObservedEvent.ExperimentOf(reader.ValueSpan);
            }
            else if (reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType == JsonTokenType.String && count < visitors.Length)
                {
                    visitors[count++] = ObservedEvent.VisitorOf(experiment, ObservedEvent.Hash(reader.ValueSpan));
                }
            }
        }

        return count;
    }
}
