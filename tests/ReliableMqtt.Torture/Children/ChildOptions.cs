using System.CommandLine;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using ReliableMqtt.Torture.Checks;

namespace ReliableMqtt.Torture.Children;

/// <summary>What the hidden verbs have in common: a publisher on a ledger and a broker, commands on the standard input, lines on the standard output.</summary>
internal sealed class ChildOptions
{
    private readonly Option<string?> _redis = new("--redis");
    private readonly SqliteOptions _sqlite = new();
    private readonly Option<int> _broker = new("--broker") { Required = true };
    private readonly Option<string> _publisherId = new("--publisher-id") { Required = true };
    private readonly Option<double> _lease = new("--lease") { DefaultValueFactory = _ => 10 };
    private readonly Option<bool> _verbose = new("--verbose");

    /// <summary>The arguments for a ledger in Redis.</summary>
    public static IEnumerable<string> Redis(string address) => ["--redis", address];

    /// <summary>The arguments for <see cref="Processes.ChildProcess.Start"/>.</summary>
    public static IEnumerable<string> Arguments(string verb, IEnumerable<string> ledger, int broker, string publisherId, TimeSpan lease, bool verbose) =>
    [
        verb, .. ledger, "--broker", $"{broker}", "--publisher-id", publisherId, "--lease", FormattableString.Invariant($"{lease.TotalSeconds}"), .. verbose ? ["--verbose"] : (string[])[],
    ];

    /// <summary>Makes a hidden verb.</summary>
    public static Command Create(string name, Func<ParseResult, ReliablePublisherOptions, HistoryWriter, CancellationToken, Task> runAsync, params Option[] more)
    {
        var options = new ChildOptions();
        var command = new Command(name, "For the program itself.") { options._redis, options._broker, options._publisherId, options._lease, options._verbose };
        command.Hidden = true;
        options._sqlite.AddTo(command);
        foreach (var option in more) command.Options.Add(option);
        command.SetAction(async (parsed, stop) =>
        {
            await using var output = Console.OpenStandardOutput();
            await runAsync(parsed, options.Publisher(parsed), new HistoryWriter(output), stop);
            return CommandLine.Success;
        });
        return command;
    }

    /// <summary>Reads commands until the input is closed, which is how a driver's end is noticed, or <c>stop</c> comes.</summary>
    public static async IAsyncEnumerable<string> CommandsAsync()
    {
        using var input = new StreamReader(Console.OpenStandardInput());
        while (await input.ReadLineAsync() is { } line && line != "stop") yield return line;
    }

    private ReliablePublisherOptions Publisher(ParseResult parsed)
    {
        var port = parsed.GetValue(_broker);
        return new ReliablePublisherOptions
        {
            PublisherId = parsed.GetRequiredValue(_publisherId),
            Ledger = (AckLedger?)_sqlite.Open(parsed) ?? new RedisAckLedger(parsed.GetRequiredValue(_redis)!),
            Mqtt = client => client.WithTcpServer("127.0.0.1", port),
            LeaseDuration = TimeSpan.FromSeconds(parsed.GetValue(_lease)),
            MinBackoff = TimeSpan.FromMilliseconds(10),
            MaxBackoff = TimeSpan.FromMilliseconds(200),
            // A file does not come by waiting.
            LedgerStartTimeout = parsed.GetValue(_redis) is null ? TimeSpan.Zero : TimeSpan.FromSeconds(30),
            LoggerFactory = parsed.GetValue(_verbose) ? new StderrLogging() : null,
        };
    }
}
