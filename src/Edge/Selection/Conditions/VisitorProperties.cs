using System.Globalization;
using Edge.Experiments;
using Edge.Experiments.Conditions;
using Edge.Formats;

namespace Edge.Selection.Conditions;

/// <summary>
/// The properties of one request as conditions see them. Values that must be extracted from a header are extracted once
/// per request, when the first condition needs them. Lives on the stack of one request.
/// </summary>
internal ref struct VisitorProperties
{
    /// <summary>Length of the scratch space, characters: the longest query parameter that is read.</summary>
    public const int ScratchChars = ExperimentRules.ConditionTextCharsMax;

    private const string Unknown = "unknown";

    private static readonly string[] Numbers =
    [
        .. Enumerable.Range(0, 24).Select(number => number.ToString(CultureInfo.InvariantCulture)),
    ];

    private readonly VisitorContext _context;
    private readonly Span<char> _scratch;
    private ReadOnlySpan<char> _language;
    private ReadOnlySpan<char> _referrerDomain;
    private bool _hasLanguage;
    private bool _hasReferrerDomain;

    /// <summary>Describes a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="scratch">Room for <see cref="ScratchChars"/> characters.</param>
    public VisitorProperties(in VisitorContext context, Span<char> scratch)
    {
        _context = context;
        _scratch = scratch[..ScratchChars];
    }

    /// <summary>
    /// Reads the text of a property; false when it is unknown. The text is valid until the next property is read.
    /// </summary>
    public bool TryRead(in ConditionProperty property, out ReadOnlySpan<char> text)
    {
        switch (property.Source)
        {
            case PropertySource.DeviceType:
                text = _context.DeviceType;
                break;
            case PropertySource.DeviceOs:
                text = _context.Os;
                break;
            case PropertySource.Browser:
                text = _context.Browser;
                break;
            case PropertySource.Country:
                text = _context.Country;
                break;
            case PropertySource.Continent:
                text = _context.Continent;
                break;
            case PropertySource.Language:
                text = Language();
                break;
            case PropertySource.ReferrerDomain:
                text = ReferrerDomain();
                break;
            case PropertySource.Hour:
                text = Numbers[_context.Now.UtcDateTime.Hour];
                return true;
            case PropertySource.DayOfWeek:
                text = Numbers[(int)_context.Now.UtcDateTime.DayOfWeek];
                return true;
            case PropertySource.Attribute:
                text = default;
                return _context.Attributes?.TryFind(property.Parameter!, out text) == true;
            default:
                // A parameter that is present but empty has a known value: the empty text.
                return QueryValue.TryRead(_context.Query, property.Parameter, _scratch, out text);
        }
        return !text.IsEmpty && !text.Equals(Unknown, StringComparison.OrdinalIgnoreCase);
    }

    private ReadOnlySpan<char> Language()
    {
        if (!_hasLanguage)
        {
            _language = HeaderValues.PreferredLanguage(_context.AcceptLanguage);
            _hasLanguage = true;
        }
        return _language;
    }

    private ReadOnlySpan<char> ReferrerDomain()
    {
        if (!_hasReferrerDomain)
        {
            _referrerDomain = HeaderValues.ReferrerDomain(_context.Referrer);
            _hasReferrerDomain = true;
        }
        return _referrerDomain;
    }
}
