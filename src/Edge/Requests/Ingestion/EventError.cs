namespace Edge.Requests.Ingestion;

/// <summary>An event of a batch that is refused while those around it are not.</summary>
/// <param name="Index">Its position in the batch, from 0.</param>
/// <param name="Error">What is wrong with it, as a sentence's end.</param>
internal readonly record struct EventError(int Index, string Error);
