using System.CommandLine;
using System.CommandLine.Invocation;
using ReliableMqtt.Ledger;
using ReliableMqtt.Tool.Output;
using ReliableMqtt.Tool.Settings;
using ReliableMqtt.Tool.Verbs;

namespace ReliableMqtt.Tool;

/// <summary>The verbs, and how each end of one becomes an <see cref="ExitCode"/>.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(string[] args, ToolHost host)
    {
        var secrets = new Secrets([.. args, host.Variable(CommonOptions.LedgerVariable) ?? "", host.Variable(BrokerAddress.Variable) ?? ""]);
        host = host with { Hide = secrets.Hide };
        var root = new RootCommand("Looks into the ack ledger of a ReliableMqtt publisher, deals with its dead letters, and tells what is wrong with broker and store.")
        {
            StatusVerb.Create(host), ReceiptVerb.Create(host), PendingVerb.Create(host), DeadLettersVerb.Create(host), QuarantineVerb.Create(host),
            ReplayVerb.Create(host), PurgeVerb.Create(host), WatchVerb.Create(host), DoctorVerb.Create(host),
        };
        var parsed = root.Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            foreach (var error in parsed.Errors) await ReportAsync(error.Message);
            await ReportAsync("Try --help.");
            return ExitCode.BadUsage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = host.Out, Error = host.Error });
        }
        catch (BadUsageException error)
        {
            await ReportAsync(error.Message);
            return ExitCode.BadUsage;
        }
        catch (LedgerUnavailableException error)
        {
            // The innermost one has the server's own words, such as a wrong password.
            await ReportAsync($"The ledger cannot be reached: {error.Message}");
            if (error.GetBaseException() is var cause && cause != error && !error.Message.Contains(cause.Message, StringComparison.Ordinal)) await ReportAsync(cause.Message);
            return ExitCode.Unreachable;
        }
        catch (OperationCanceledException)
        {
            await ReportAsync("Interrupted.");
            return ExitCode.Interrupted;
        }
        catch (Exception error) when (error is LedgerNotFoundException or InvalidOperationException or ArgumentException or IOException)
        {
            await ReportAsync(error.Message);
            return ExitCode.NotFound;
        }

        Task ReportAsync(string text) => host.Error.WriteLineAsync(SafeText.Escape(secrets.Hide(text)));
    }
}
