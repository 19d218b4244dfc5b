using System.Net.Sockets;
using System.Security.Authentication;
using Npgsql;

namespace Edge.Postgres;

/// <summary>
/// Classifies failures: the server refuses an event, or anything else, which may pass. Describes them for an operator,
/// without password, user or connection string.
/// </summary>
internal static class PostgresFailure
{
    /// <summary>Longest server message that is passed on; it may quote an event.</summary>
    private const int ServerTextMaxChars = 300;

    /// <summary>Whether a server, a file or a network failed, as opposed to a defect of this program.</summary>
    public static bool IsExpected(Exception failure) =>
        failure
            is NpgsqlException
                or SocketException
                or IOException
                or UnauthorizedAccessException
                or TimeoutException
                or OperationCanceledException
                or AuthenticationException;

    /// <summary>
    /// Whether the server refuses a row for its content: a value it cannot store (class 22), a constraint of the table
    /// (23), a trigger of the table (P0001), a value too large for an index or nested too deeply (54000, 54001). A
    /// stream it cannot parse (22P04) would be a defect of this program and no reason to set an event aside.
    /// </summary>
    public static bool IsAboutData(Exception failure) =>
        failure is PostgresException { SqlState: var state }
        && (
            state.StartsWith("22", StringComparison.Ordinal)
            || state.StartsWith("23", StringComparison.Ordinal)
            || state is "P0001" or "54000" or "54001"
        )
        && state != PostgresErrorCodes.BadCopyFileFormat;

    /// <summary>Whether a statement took too long; a smaller batch may not.</summary>
    public static bool IsSlowness(Exception failure) =>
        failure is PostgresException { SqlState: PostgresErrorCodes.QueryCanceled };

    /// <summary>The failure in one line.</summary>
    /// <param name="failure">What was thrown.</param>
    /// <param name="place">Host and port.</param>
    /// <param name="isStore">Whether the store met it, and not a sink: what helps is another thing then.</param>
    public static string Describe(Exception failure, string place, bool isStore = false) =>
        failure switch
        {
            PostgresException server =>
                $"{Meaning(server.SqlState, isStore)}{Shorten(server.MessageText)} ({place}, SQLSTATE {server.SqlState})",
            { InnerException: PostgresException server } => Describe(server, place, isStore),
            OperationCanceledException or { InnerException: TimeoutException } or TimeoutException =>
                $"{place} did not answer in time",
            { InnerException: SocketException socket } => $"{place} cannot be reached: {socket.Message}",
            { InnerException: AuthenticationException tls } =>
                $"no TLS with {place}: {Shorten(tls.Message)}; check SSL Mode and Root Certificate",
            NpgsqlException { InnerException: IOException io } =>
                $"the connection to {place} broke: {Shorten(io.Message)}",
            NpgsqlException other => $"{place}: {Shorten(other.Message)}",
            _ => Shorten(failure.Message),
        };

    private static string Meaning(string state, bool isStore) =>
        state switch
        {
            PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn when isStore =>
                "the schema edge is not as it was, edge store migrate creates what is missing: ",
            PostgresErrorCodes.InsufficientPrivilege when isStore =>
                "the user needs USAGE on the schema edge, and SELECT, INSERT, UPDATE and DELETE on its tables (to migrate, to own it): ",
            PostgresErrorCodes.QueryCanceled when isStore => "a statement took too long, or somebody cancelled it: ",
            PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
                "the server refuses the user or the password, check them: ",
            PostgresErrorCodes.InvalidCatalogName => "there is no such database, check the connection: ",
            PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn =>
                "the table is not as it was, edge sink init creates what is missing: ",
            PostgresErrorCodes.InsufficientPrivilege =>
                "the user needs TEMPORARY on the database, INSERT and SELECT on the table: ",
            PostgresErrorCodes.DiskFull => "the server's disk is full: ",
            PostgresErrorCodes.TooManyConnections => "the server has no connection left: ",
            PostgresErrorCodes.QueryCanceled =>
                "a statement took longer than statementTimeoutMs, or somebody cancelled it: ",
            PostgresErrorCodes.ReadOnlySqlTransaction => "the server takes no writes (a standby?): ",
            PostgresErrorCodes.CannotConnectNow => "the server is starting or stopping: ",
            PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown => "the server went down: ",
            _ => "the server says: ",
        };

    private static string Shorten(string text)
    {
        var line = text.ReplaceLineEndings(" ");
        return line.Length <= ServerTextMaxChars ? line : line[..ServerTextMaxChars] + "...";
    }
}
