using System.CommandLine;
using Edge.Commands.Streams;
using Edge.Forwarding.Http;
using Edge.Hosting;

namespace Edge.Commands;

/// <summary><c>edge alerts test</c>: sends one message as alerts are sent, and says what came back.</summary>
internal static class AlertsTest
{
    public static Command Define(StandardStreams io)
    {
        var command = new Command("test", "Sends one message as alerts are sent, and says what came back.");
        var settings = SettingsArguments.AddTo(command);
        command.SetAction(
            async (result, cancellation) =>
            {
                if (settings.Load(result, io.Error) is not { } options)
                {
                    return ExitCode.Failure;
                }

                using var webhook = AlertSetup.Webhook(options, TimeProvider.System);
                if (webhook is null)
                {
                    await io.Error.WriteLineAsync(
                        "edge alerts test: alerts.webhookUrl is not set, so alerts are sent nowhere"
                    );
                    return ExitCode.Failure;
                }

                var answer = await webhook.SendTestAsync(cancellation);
                var said =
                    answer.Failure
                    ?? $"{webhook.Place} answered {answer.Status}{HttpResponseClassifier.Quote(answer.Body)}";
                if (answer.IsSuccess)
                {
                    await io.Out.WriteLineAsync(
                        said + (options.AlertsWebhookSecret.Length > 0 ? "; the message was signed" : "")
                    );
                    return ExitCode.Success;
                }

                await io.Error.WriteLineAsync($"edge alerts test: {said}");
                return ExitCode.Failure;
            }
        );
        return command;
    }
}
