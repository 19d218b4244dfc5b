namespace Edge.Forwarding;

/// <summary>What a destination needs before a sink can deliver to it.</summary>
/// <param name="Server">Which server was asked, with its version.</param>
/// <param name="Statements">What has to be executed there, in order; empty when nothing is missing.</param>
/// <param name="Problem">
/// Why it could not be asked or did not do it, in words; the statements are then those for an empty server. Null when
/// all is well. </param>
internal sealed record SinkSetup(string Server, IReadOnlyList<string> Statements, string? Problem);
