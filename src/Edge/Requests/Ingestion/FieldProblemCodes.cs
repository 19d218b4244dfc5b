namespace Edge.Requests.Ingestion;

/// <summary>The codes of <see cref="FieldProblem"/>; the words are those of violations of an experiment's rules.</summary>
internal static class FieldProblemCodes
{
    public const string Required = "required";
    public const string InvalidType = "invalid_type";
    public const string InvalidFormat = "invalid_format";
    public const string InvalidValue = "invalid_value";
    public const string TooLong = "too_long";
    public const string OutOfRange = "out_of_range";
}
