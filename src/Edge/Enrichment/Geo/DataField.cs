namespace Edge.Enrichment.Geo;

/// <summary>
/// Types of the data section (MaxMind DB format 2.0, "Output Data Section"); the numbers are the format's.
/// </summary>
internal enum DataType : byte
{
    Extended = 0,
    Pointer = 1,
    Text = 2,
    Double = 3,
    Bytes = 4,
    UInt16 = 5,
    UInt32 = 6,
    Map = 7,
    Int32 = 8,
    UInt64 = 9,
    UInt128 = 10,
    Array = 11,
    Boolean = 14,
    Float = 15,
}

/// <summary>
/// One field of the data section, its pointer already followed. All offsets count from the start of the section and
/// were checked against its end.
/// </summary>
/// <param name="Type">Never <see cref="DataType.Pointer"/> or <see cref="DataType.Extended"/>.</param>
/// <param name="Size">Bytes of the payload; pairs of a map; elements of an array; 0 or 1 for a boolean.</param>
/// <param name="At">Where the payload begins.</param>
/// <param name="After">What follows the field where it was read; <see cref="Unknown"/> for a map or array that stands
/// there itself.</param>
internal readonly record struct DataField(DataType Type, int Size, int At, int After)
{
    /// <summary>The end is found only by walking over the members.</summary>
    public const int Unknown = -1;
}
