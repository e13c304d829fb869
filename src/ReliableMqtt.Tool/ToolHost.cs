using ReliableMqtt.Ledger;
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
}
