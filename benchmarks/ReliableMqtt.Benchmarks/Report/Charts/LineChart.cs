using System.Globalization;

namespace ReliableMqtt.Benchmarks.Report.Charts;

/// <summary>
/// Lines over named places, with a logarithmic scale: contenders differ by orders of magnitude. It writes SVG by itself, whose texts are drawn by whoever
/// shows it: libraries that draw need fonts where they run, and leave the texts out where there are none.
/// </summary>
internal sealed class LineChart(string title, string below, string unit, IReadOnlyList<string> places)
{
    private const int Width = 900, Height = 480, Left = 100, Right = 240, Top = 40, Bottom = 60;

    private static readonly string[] Colors =
        ["#1f77b4", "#ff7f0e", "#8c564b", "#bcbd22", "#7f7f7f", "#2ca02c", "#98df8a", "#d62728", "#ff9896", "#9467bd", "#c5b0d5", "#17becf"];

    private readonly List<(string Name, int Color, IReadOnlyList<(int Place, double Value)> Points)> _lines = [];

    /// <param name="name">What the legend says.</param>
    /// <param name="color">A number that is always the same for that name.</param>
    /// <param name="values">One for each place, in their order; NaN where there is none.</param>
    public void Add(string name, int color, IEnumerable<double> values)
    {
        var points = values.Select((value, place) => (place, value)).Where(point => point.value > 0).ToList();
        if (points.Count > 0) _lines.Add((name, color, points));
    }

    public void Save(string file)
    {
        var all = _lines.SelectMany(line => line.Points).Select(point => point.Value).DefaultIfEmpty(1).ToList();
        var scale = new LogScale(all.Min(), all.Max(), Height - Bottom, Top);
        var svg = new SvgWriter(Width, Height);
        svg.Text(Left + ((Width - Left - Right) / 2), 24, title, "middle", isBold: true);
        Axes(svg, scale);
        for (var i = 0; i < _lines.Count; i++) Line(svg, scale, i);
        File.WriteAllText(file, svg.ToString());
    }

    private void Axes(SvgWriter svg, LogScale scale)
    {
        foreach (var (value, isPower) in scale.Ticks())
        {
            svg.Line(Left, scale.Of(value), Width - Right, scale.Of(value), isPower ? "#bbb" : "#eee", 1);
            if (isPower) svg.Text(Left - 8, scale.Of(value) + 4, value.ToString("#,0.####", CultureInfo.InvariantCulture), "end");
        }

        for (var place = 0; place < places.Count; place++)
        {
            svg.Line(At(place), Top, At(place), Height - Bottom, "#eee", 1);
            svg.Text(At(place), Height - Bottom + 18, places[place], "middle");
        }

        svg.Line(Left, Height - Bottom, Width - Right, Height - Bottom, "#333", 1);
        svg.Line(Left, Top, Left, Height - Bottom, "#333", 1);
        svg.Text(Left + ((Width - Left - Right) / 2), Height - 16, below, "middle");
        svg.Text(Left, Top - 8, unit, "middle");
    }

    private void Line(SvgWriter svg, LogScale scale, int index)
    {
        var (name, color, values) = _lines[index];
        var paint = Colors[color % Colors.Length];
        var points = values.Select(point => (At(point.Place), scale.Of(point.Value))).ToList();
        svg.Path(points, paint);
        foreach (var (x, y) in points) svg.Dot(x, y, paint);
        var legend = Top + 14 + (index * 20);
        svg.Line(Width - Right + 20, legend, Width - Right + 44, legend, paint, 3);
        svg.Text(Width - Right + 50, legend + 4, name, "start");
    }

    private double At(int place) => Left + ((Width - Left - Right) * (place + 0.5) / places.Count);
}
