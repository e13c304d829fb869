using System.Globalization;

namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>What happened, as a number that tells two runs apart, and on demand as text.</summary>
internal sealed class SimTrace(bool keepsText)
{
    private const ulong Prime = 1_099_511_628_211;
    private ulong _hash = 14_695_981_039_346_656_037;

    public List<string> Lines { get; } = [];

    public ulong Hash => _hash;

    public void Note(SimWorld world, string what, string? about = null, long number = 0)
    {
        Mix((ulong)world.Now.Ticks);
        Mix((ulong)number);
        foreach (var c in what) Mix(c);
        if (about is not null)
            foreach (var c in about) Mix(c);
        if (keepsText)
            Lines.Add(string.Create(CultureInfo.InvariantCulture, $"{(world.Now - SimWorld.Begin).TotalMilliseconds,10:0.0} ms  step {world.Step,5}  {what} {about}{(number != 0 ? $" {number}" : "")}"));
    }

    private void Mix(ulong value) => _hash = (_hash ^ value) * Prime;
}
