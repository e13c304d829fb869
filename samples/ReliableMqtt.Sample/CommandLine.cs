using System.CommandLine;
using System.CommandLine.Invocation;
using ReliableMqtt.Sample.Settings;
using ReliableMqtt.Sample.Verbs;

namespace ReliableMqtt.Sample;

/// <summary>The verbs, and what the process returns: 0 when everything held, 1 when something did not, 2 for bad usage.</summary>
internal static class CommandLine
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int BadUsage = 2;

    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("Publishes MQTT messages that must not be lost. Without a verb: the demo.")
        {
            DemoVerb.Create(), PublishVerb.Create(), ListenVerb.Create(), ProxyVerb.Create(),
        };

        var parsed = root.Parse(args.Length == 0 ? ["demo"] : args);
        if (parsed.Action is ParseErrorAction)
        {
            foreach (var error in parsed.Errors) await Console.Error.WriteLineAsync(error.Message);
            await Console.Error.WriteLineAsync("Try --help.");
            return BadUsage;
        }

        try
        {
            // Ctrl-C and SIGTERM cancel the verb's token; disposing a publisher then waits a while for confirms.
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = TimeSpan.FromSeconds(30),
            });
        }
        catch (BadUsageException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return BadUsage;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or ReliablePublishException)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return Failure;
        }
    }
}
