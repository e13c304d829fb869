using System.CommandLine;
using System.CommandLine.Parsing;
using ReliableMqtt.Ledger;
using ReliableMqtt.Tool.Settings;

namespace ReliableMqtt.Tool.Verbs;

/// <summary>What all verbs have in common: which ledger, in which form the answer, and that the ledger is opened without being made.</summary>
internal sealed class LedgerVerb
{
    private readonly ToolHost _host;
    private readonly Option<LedgerAddress> _ledger;
    private readonly Option<string> _publisherId = CommonOptions.PublisherId();
    private readonly Option<bool> _json = CommonOptions.Json();

    public LedgerVerb(ToolHost host, string name, string description)
    {
        _host = host;
        _ledger = CommonOptions.Ledger(host);
        Command = new Command(name, description) { _ledger, _publisherId, _json };
    }

    public Command Command { get; }

    /// <summary>Adds an option of this verb alone.</summary>
    public T Add<T>(T option) where T : Option
    {
        Command.Add(option);
        return option;
    }

    /// <summary>Adds message ids behind the verb.</summary>
    public Argument<MessageId[]> AddMessageIds(ArgumentArity arity)
    {
        var ids = new Argument<MessageId[]>("MESSAGE-ID")
        {
            Arity = arity,
            Description = "Ids of messages; those that begin with ~ in quotes",
            CustomParser = argument => [.. argument.Tokens.Select(token => ParseId(argument, token.Value))],
        };
        Command.Add(ids);
        return ids;
    }

    public void Run(Func<ParseResult, OpenLedger, CancellationToken, Task<int>> action, Func<LedgerOpenOptions, ParseResult, LedgerOpenOptions>? change = null) =>
        Command.SetAction(async (parsed, stop) =>
        {
            var address = parsed.GetRequiredValue(_ledger);
            var options = new LedgerOpenOptions { PublisherId = parsed.GetRequiredValue(_publisherId), CreateIfMissing = false, TimeProvider = _host.Time };
            await using var ledger = _host.Create(address);
            var durability = await ledger.OpenAsync(change?.Invoke(options, parsed) ?? options, stop);
            return await action(parsed, new OpenLedger(_host, ledger, durability, address.ToString(), options.PublisherId, parsed.GetValue(_json)), stop);
        });

    private static MessageId ParseId(ArgumentResult argument, string text)
    {
        // What is not an option of the verb would else be taken for an id, and a slip of the finger for "not found".
        if (text.StartsWith("--", StringComparison.Ordinal))
        {
            argument.AddError($"There is no option '{text}'.");
            return default;
        }

        try
        {
            return new MessageId(text);
        }
        catch (ArgumentException error)
        {
            argument.AddError(error.Message);
            return default;
        }
    }
}

/// <summary>What a verb works on.</summary>
/// <param name="Host">Where the answer goes.</param>
/// <param name="Ledger">The open ledger.</param>
/// <param name="Durability">What it said of itself when it was opened.</param>
/// <param name="Address">Where it is, without a password.</param>
/// <param name="PublisherId">Whose it is.</param>
/// <param name="Json">The answer is for scripts.</param>
internal sealed record OpenLedger(ToolHost Host, AckLedger Ledger, LedgerDurability Durability, string Address, string PublisherId, bool Json);
