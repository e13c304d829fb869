using ReliableMqtt.Ledger;
using ReliableMqtt.Tool.Doctor;
using ReliableMqtt.Tool.Settings;

namespace ReliableMqtt.Tool;

/// <summary>All that the tool has of the world around it, so that a test can put its own in the place.</summary>
internal sealed record ToolHost
{
    public TextWriter Out { get; init; } = Console.Out;

    public TextWriter Error { get; init; } = Console.Error;

    /// <summary>For answers to questions.</summary>
    public TextReader In { get; init; } = Console.In;

    /// <summary>Is there somebody to be asked?</summary>
    public bool IsInteractive { get; init; } = !Console.IsInputRedirected;

    /// <summary>Columns of the terminal; null when the output goes elsewhere, where nothing is to be wrapped.</summary>
    public int? Width { get; init; } = Console.IsOutputRedirected ? null : Math.Max(80, Console.WindowWidth);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>Makes the ledger's object; it connects when it is opened.</summary>
    public Func<LedgerAddress, AckLedger> Create { get; init; } = address => address.Create();

    /// <summary>Looks at the store of a ledger.</summary>
    public Func<LedgerAddress, string, ToolHost, CancellationToken, Task<IReadOnlyList<Finding>>> CheckStore { get; init; } = StoreChecks.RunAsync;

    /// <summary>Looks at a broker.</summary>
    public Func<BrokerAddress, BrokerQuestions, ToolHost, CancellationToken, Task<IReadOnlyList<Finding>>> CheckBroker { get; init; } = BrokerChecks.RunAsync;

    /// <summary>Lets time go by between two looks.</summary>
    public Func<TimeSpan, CancellationToken, Task> Wait { get; init; } = (span, stop) => Task.Delay(span, stop);

    /// <summary>Takes what was given and must not be seen again out of the words of others, which may quote it.</summary>
    public Func<string, string> Hide { get; init; } = text => text;
}
