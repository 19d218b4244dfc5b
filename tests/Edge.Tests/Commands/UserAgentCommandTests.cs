using System.Text;
using Edge.Commands;
using Edge.Commands.Filters;
using Xunit;

namespace Edge.Tests.Commands;

public class UserAgentCommandTests
{
    [Fact]
    public void UserAgents_EachLine_GivesOneJsonLine()
    {
        const string Input =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 5_1_1 like Mac OS X) AppleWebKit/534.46 (KHTML, like Gecko) Version/5.1 Mobile/9B206 Safari/7534.48.3\r\n"
            + "\ncurl/8.5.0";
        using var output = new MemoryStream();

        var exit = UserAgentCommand.Run(new MemoryStream(Encoding.UTF8.GetBytes(Input)), output);

        Assert.Equal(ExitCode.Success, exit);
        Assert.Equal(
            """
            {"ua":{"family":"Mobile Safari","major":"5","minor":"1","patch":null,"patch_minor":null},"os":{"family":"iOS","major":"5","minor":"1","patch":"1","patch_minor":null},"device":{"family":"iPhone","brand":"Apple","model":"iPhone"}}
            {"ua":{"family":"Other","major":null,"minor":null,"patch":null,"patch_minor":null},"os":{"family":"Other","major":null,"minor":null,"patch":null,"patch_minor":null},"device":{"family":"Other","brand":null,"model":null}}
            {"ua":{"family":"curl","major":"8","minor":"5","patch":"0","patch_minor":null},"os":{"family":"Other","major":null,"minor":null,"patch":null,"patch_minor":null},"device":{"family":"Other","brand":null,"model":null}}

            """,
            Encoding.UTF8.GetString(output.ToArray())
        );
    }

    [Fact]
    public void UserAgents_AnyBytes_GiveOneJsonLineForEachLine()
    {
        var random = new Random(3);
        var input = new byte[200_000];
        random.NextBytes(input);
        input[^1] = (byte)'\n';
        using var output = new MemoryStream();

        UserAgentCommand.Run(new MemoryStream(input), output);

        var answers = Encoding.UTF8.GetString(output.ToArray()).TrimEnd('\n').Split('\n');
        Assert.Equal(input.Count(value => value == (byte)'\n'), answers.Length);
        Assert.All(answers, answer => Assert.StartsWith("{\"ua\":{\"family\":", answer, StringComparison.Ordinal));
    }
}
