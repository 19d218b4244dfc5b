namespace Edge.Requests.Bodies;

/// <summary>Why a body could not be taken.</summary>
internal enum BodyFault
{
    /// <summary>It was taken.</summary>
    None,

    /// <summary>It is longer than the route takes, as sent or inflated: 413.</summary>
    TooLarge,

    /// <summary>Its Content-Type is not JSON in UTF-8: 415.</summary>
    UnsupportedType,

    /// <summary>It is coded in a way the route does not read: 415 with Accept-Encoding.</summary>
    UnsupportedEncoding,

    /// <summary>It ended early or is not what its coding says: 400.</summary>
    Incomplete,

    /// <summary>Too many bytes of other requests are in memory: 503 with Retry-After.</summary>
    Busy,
}
