using Spectre.Console;

namespace ReliableMqtt.Sample.Display;

/// <summary>Shows figures while something goes on: a table that changes in place on a terminal, a line now and then elsewhere.</summary>
internal static class LiveView
{
    private static readonly TimeSpan TableInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(2);

    /// <summary>Shows the figures until the work has ended; throws what the work throws.</summary>
    /// <param name="figures">Reads the figures of the moment.</param>
    /// <param name="work">What is going on.</param>
    /// <param name="lines">Where lines go when there is no terminal.</param>
    public static async Task ShowAsync(Func<IReadOnlyList<(string Name, string Value)>> figures, Task work, TextWriter lines)
    {
        if (AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected)
        {
            await AnsiConsole.Live(TableOf(figures())).StartAsync(async display =>
            {
                do display.UpdateTarget(TableOf(figures()));
                while (!await HasEndedWithinAsync(work, TableInterval));
                display.UpdateTarget(TableOf(figures()));
            });
        }
        else
        {
            while (!await HasEndedWithinAsync(work, LineInterval))
                await lines.WriteLineAsync(string.Join(' ', figures().Select(figure => $"{figure.Name.Replace(' ', '-')}={figure.Value}")));
        }

        await work;
    }

    private static async Task<bool> HasEndedWithinAsync(Task work, TimeSpan interval)
    {
        await Task.WhenAny(work, Task.Delay(interval));
        return work.IsCompleted;
    }

    private static Table TableOf(IReadOnlyList<(string Name, string Value)> figures)
    {
        var table = new Table().RoundedBorder();
        foreach (var (name, _) in figures) table.AddColumn(new TableColumn(name).RightAligned());
        return table.AddRow([.. figures.Select(figure => Markup.Escape(figure.Value))]);
    }
}
