using System.Text.Json;

namespace Edge.Formats;

/// <summary>
/// The members of one JSON object, read one by one with their rules. A broken rule is noted under the member's dotted
/// path and the value that stood before is returned, so that reading goes on and finds the next one. Of repeated
/// members the last counts; <see cref="JsonSyntax"/> has noted them. A null clears a member: it is what it would be if it had never
/// been given.
/// </summary>
/// <param name="element">A JSON object.</param>
/// <param name="path">Its own dotted path; empty at the root.</param>
/// <param name="violations">Where broken rules are noted.</param>
internal readonly struct JsonFields(JsonElement element, string path, Violations violations)
{
    /// <summary>Where broken rules are noted.</summary>
    public Violations Violations { get; } = violations;

    /// <summary>The dotted path of a member.</summary>
    public string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>Notes a broken rule of a member.</summary>
    public void Violate(string name, string message, string code) => Violations.Add(PathOf(name), message, code);

    /// <summary>Notes every member that is none of those that are known.</summary>
    public void RefuseUnknown(params IReadOnlyList<string> known)
    {
        foreach (var name in Names)
        {
            if (!known.Contains(name))
            {
                Violate(name, $"is unknown; known are {string.Join(", ", known)}", ViolationCodes.UnknownMember);
            }
        }
    }

    /// <summary>Notes a member that nobody reads.</summary>
    public void NoteUnknown(string name, string message) =>
        Violations.AddUnknown(PathOf(name), message, ViolationCodes.UnknownMember);

    /// <summary>Notes a value that stands for nothing there is.</summary>
    public void NoteUnknownValue(string name, string message) =>
        Violations.AddUnknown(PathOf(name), message, ViolationCodes.InvalidValue);

    /// <summary>The names of all members, in order.</summary>
    public IEnumerable<string> Names => element.EnumerateObject().Select(static member => member.Name);

    /// <summary>Whether the member is there, null or not.</summary>
    public bool Has(string name) => element.TryGetProperty(name, out _);

    /// <summary>The member when it is there and not null.</summary>
    public bool TryGet(string name, out JsonElement value) =>
        element.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>A text that may be missing.</summary>
    public string? Text(string name, string? absent, int charsMax)
    {
        if (!Has(name))
        {
            return absent;
        }
        return TryGet(name, out var value) && TryText(name, value, charsMax, out var text) ? text : null;
    }

    /// <summary>A text that must be there and not blank; empty when it is not.</summary>
    public string RequiredText(string name, string? absent, int charsMax)
    {
        if (!Has(name) && absent is not null)
        {
            return absent;
        }
        if (!TryGet(name, out var value))
        {
            Violate(name, "is required", ViolationCodes.Required);
            return "";
        }
        if (!TryText(name, value, charsMax, out var text))
        {
            return "";
        }
        if (string.IsNullOrWhiteSpace(text))
        {
            Violate(name, "must not be blank", ViolationCodes.Required);
            return "";
        }
        return text;
    }

    /// <summary>A whole number; <c>5000.0</c> and <c>5e3</c> are whole (JSON Schema).</summary>
    public int Integer(string name, int absent, int cleared, int min, int max)
    {
        if (!TryGet(name, out var value))
        {
            return Has(name) ? cleared : absent;
        }
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number))
        {
            Violate(name, "must be an integer", ViolationCodes.InvalidType);
            return absent;
        }
        if (double.IsFinite(number) && Math.Floor(number) != number)
        {
            Violate(name, "must be an integer without a fraction", ViolationCodes.InvalidType);
            return absent;
        }
        if (!(number >= min && number <= max))
        {
            var range =
                max < int.MaxValue ? $"must be from {min} to {max}"
                : number > max ? $"must be at most {max}"
                : $"must be at least {min}";
            Violate(name, range, ViolationCodes.OutOfRange);
            return absent;
        }
        return (int)number;
    }

    /// <summary>A number; the caller checks its bounds.</summary>
    public double Number(string name, double absent, double cleared)
    {
        if (!TryGet(name, out var value))
        {
            return Has(name) ? cleared : absent;
        }
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number))
        {
            Violate(name, "must be a number", ViolationCodes.InvalidType);
            return absent;
        }
        return number;
    }

    /// <summary>A boolean.</summary>
    public bool Flag(string name, bool absent)
    {
        if (!TryGet(name, out var value))
        {
            return !Has(name) && absent;
        }
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Violate(name, "must be true or false", ViolationCodes.InvalidType);
            return absent;
        }
        return value.GetBoolean();
    }

    /// <summary>
    /// One of the texts of an enumeration that may be missing; null then, and when it is not one of them.
    /// </summary>
    public T? Choice<T>(string name, WireNames<T> names)
        where T : struct, Enum
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }
        if (value.ValueKind != JsonValueKind.String)
        {
            Violate(name, "must be a string", ViolationCodes.InvalidType);
            return null;
        }
        if (!names.TryParse(value.GetString()!, out var choice))
        {
            Violate(name, $"must be one of {names.Choices}", ViolationCodes.InvalidValue);
            return null;
        }
        return choice;
    }

    /// <summary>The same with the value to use when it is missing.</summary>
    public T Choice<T>(string name, T absent, T cleared, WireNames<T> names)
        where T : struct, Enum => Has(name) ? Choice(name, names) ?? cleared : absent;

    /// <summary>An RFC 3339 instant that may be missing.</summary>
    public DateTimeOffset? Instant(string name)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }
        if (value.ValueKind != JsonValueKind.String)
        {
            Violate(name, "must be a string", ViolationCodes.InvalidType);
            return null;
        }
        if (!Timestamp.TryParse(value.GetString(), out var instant))
        {
            Violate(
                name,
                "must be an RFC 3339 date-time with an offset, such as 2026-03-01T09:00:00Z",
                ViolationCodes.InvalidFormat
            );
            return null;
        }
        return instant;
    }

    /// <summary>An object that may be missing; false then, and when the member is not an object.</summary>
    public bool TryObject(string name, out JsonFields fields)
    {
        fields = default;
        if (!TryGet(name, out var value))
        {
            return false;
        }
        if (value.ValueKind != JsonValueKind.Object)
        {
            Violate(name, "must be an object", ViolationCodes.InvalidType);
            return false;
        }
        fields = new JsonFields(value, PathOf(name), Violations);
        return true;
    }

    /// <summary>An array that may be missing; false then, and when the member is not an array.</summary>
    public bool TryArray(string name, out JsonElement array)
    {
        if (!TryGet(name, out array))
        {
            return false;
        }
        if (array.ValueKind != JsonValueKind.Array)
        {
            Violate(name, "must be an array", ViolationCodes.InvalidType);
            return false;
        }
        return true;
    }

    private bool TryText(string name, JsonElement value, int charsMax, out string text)
    {
        text = "";
        if (value.ValueKind != JsonValueKind.String)
        {
            Violate(name, "must be a string", ViolationCodes.InvalidType);
            return false;
        }
        text = value.GetString()!;
        if (CodePoints(text) > charsMax)
        {
            Violate(name, $"must be at most {charsMax} characters long", ViolationCodes.TooLong);
            return false;
        }
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            // PostgreSQL and C programs downstream cannot hold it.
            Violate(name, "must not contain the character U+0000", ViolationCodes.InvalidFormat);
            return false;
        }
        return true;
    }

    /// <summary>JSON Schema counts characters, not UTF-16 units.</summary>
    private static int CodePoints(string text)
    {
        var count = 0;
        foreach (var c in text)
        {
            count += char.IsLowSurrogate(c) ? 0 : 1;
        }
        return count;
    }
}
