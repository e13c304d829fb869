using Spectre.Console;

namespace ReliableMqtt.Tool.Output;

/// <summary>A table for people. All that goes into it is made safe for a terminal.</summary>
internal sealed class TextTable
{
    private readonly Table _table = new Table().RoundedBorder();

    public TextTable(params IEnumerable<string> columns)
    {
        // A name that begins with # is of a number.
        foreach (var name in columns) _table.AddColumn(name.StartsWith('#') ? new TableColumn(new Text(name[1..])).RightAligned().NoWrap() : new TableColumn(new Text(name)));
    }

    public int Rows => _table.Rows.Count;

    public void Add(params IEnumerable<string> cells) => _table.AddRow(cells.Select(cell => new Text(SafeText.Escape(cell))));

    public void Write(ToolHost host)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(host.Out),
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        console.Profile.Width = host.Width ?? 10_000;
        console.Profile.Capabilities.Unicode = true;
        console.Write(_table);
    }

    /// <summary>Names and values, one pair a line.</summary>
    public static void WritePairs(ToolHost host, IEnumerable<(string Name, string Value)> pairs)
    {
        var all = pairs.ToList();
        var width = all.Max(pair => pair.Name.Length);
        foreach (var (name, value) in all) host.Out.WriteLine($"{name.PadRight(width)}  {SafeText.Escape(value)}".TrimEnd());
    }
}
