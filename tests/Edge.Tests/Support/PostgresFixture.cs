using Xunit;

namespace Edge.Tests.Support;

/// <summary>
/// One PostgreSQL for the tests of a class, each in a database of its own. Tests that stop or kill the server start
/// their own.
/// </summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private PostgresServer? _server;

    /// <summary>The server; skips the test where none is installed.</summary>
    internal PostgresServer Server
    {
        get
        {
            PostgresServer.SkipUnlessInstalled();
            return _server!;
        }
    }

    public async ValueTask InitializeAsync() =>
        _server = PostgresServer.IsInstalled ? await PostgresServer.StartAsync() : null;

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? default;
}
