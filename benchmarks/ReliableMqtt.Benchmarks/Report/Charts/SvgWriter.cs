using System.Globalization;
using System.Security;
using System.Text;

namespace ReliableMqtt.Benchmarks.Report.Charts;

/// <summary>As much of SVG as a chart needs.</summary>
internal sealed class SvgWriter
{
    private readonly StringBuilder _text = new();

    public SvgWriter(int width, int height)
    {
        Append($"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" fill="#222">""");
        Append($"""<rect width="{width}" height="{height}" fill="white"/>""");
    }

    public void Line(double x1, double y1, double x2, double y2, string color, double width) =>
        Append($"""<line x1="{x1:0.#}" y1="{y1:0.#}" x2="{x2:0.#}" y2="{y2:0.#}" stroke="{color}" stroke-width="{width}"/>""");

    public void Path(IEnumerable<(double X, double Y)> points, string color)
    {
        var list = string.Join(' ', points.Select(point => FormattableString.Invariant($"{point.X:0.#},{point.Y:0.#}")));
        Append($"""<polyline points="{list}" fill="none" stroke="{color}" stroke-width="2"/>""");
    }

    public void Dot(double x, double y, string color) => Append($"""<circle cx="{x:0.#}" cy="{y:0.#}" r="3.5" fill="{color}"/>""");

    /// <param name="x">Where it is anchored.</param>
    /// <param name="y">Its base line.</param>
    /// <param name="text">What it says.</param>
    /// <param name="anchor">start, middle or end.</param>
    /// <param name="isBold">It is a title.</param>
    public void Text(double x, double y, string text, string anchor, bool isBold = false) =>
        Append($"""<text x="{x:0.#}" y="{y:0.#}" text-anchor="{anchor}"{(isBold ? """ font-size="16" font-weight="bold" """ : "")}>{SecurityElement.Escape(text)}</text>""");

    public override string ToString() => $"{_text}</svg>\n";

    private void Append(FormattableString element) => _text.Append(element.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
