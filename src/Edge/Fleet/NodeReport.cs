namespace Edge.Fleet;

/// <summary>What an edge says of itself when it asks for the catalog.</summary>
/// <param name="Name">Its name: the setting node.</param>
/// <param name="Instance">Random for each start, so that two with one name are told apart.</param>
/// <param name="Software">Version of the program.</param>
/// <param name="Salt">Fingerprint of the salt behind its visitor hashes.</param>
/// <param name="Version">Version of the edition in force; 0 for none.</param>
/// <param name="Problem">Why it refused the newest edition; empty when it did not.</param>
internal sealed record NodeReport(
    string Name,
    string Instance,
    string Software,
    string Salt,
    long Version,
    string Problem
);
