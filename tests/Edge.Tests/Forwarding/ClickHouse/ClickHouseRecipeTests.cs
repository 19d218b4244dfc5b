using Edge.Forwarding.ClickHouse;
using Edge.Forwarding.Http;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Forwarding.ClickHouse;

/// <summary>The statements of docs/forwarding.md do what is said there.</summary>
public class ClickHouseRecipeTests
{
    [Fact]
    public async Task Recipe_ViewsByVariantAndHour_CountEveryEventOnceAlsoWhenItComesTwice()
    {
        await using var server = await ClickHouseServer.StartAsync();
        var setup = await ClickHouseSetup.RunAsync(
            new ClickHouseSinkOptions
            {
                SinkName = "warehouse",
                Url = new Uri($"http://127.0.0.1:{server.Port}/"),
                Transport = new HttpTransportOptions { AllowsPrivate = true },
                Password = ClickHouseServer.Password,
            },
            applies: true,
            TimeProvider.System
        );
        Assert.Null(setup.Problem);
        foreach (
            var statement in Recipes.Statements("clickhouse-views")
        )
        {
            await server.QueryAsync(statement);
        }

        const string Events =
            "INSERT INTO edge_events (id, received_at, project, type, experiment_uid, variant, verdict)"
            + " SELECT toString(number), toDateTime('2026-11-21 10:00:00', 'UTC') + number * 4, 'p', if(number % 5 = 0, 'click', 'impression'),"
            + " 'exp_demo_ab0001', if(number % 2 = 0, 'a', 'b'), if(number % 10 = 9, 'bot', 'human') FROM numbers(1800)";
        await server.QueryAsync(Events);
        await server.QueryAsync(Events);

        Assert.Equal(
            [
                "2026-11-21 10:00:00\ta\t360\t90",
                "2026-11-21 10:00:00\tb\t270\t90",
                "2026-11-21 11:00:00\ta\t360\t90",
                "2026-11-21 11:00:00\tb\t270\t90",
            ],
            await server.LinesAsync(Recipes.Text("clickhouse-query"))
        );
    }
}
