namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>
/// A sequence of choices, and the way to the next one: a run is executed from its start with a prefix of choices, and takes the first possibility from there on. At most so many choices of
/// a run differ from the first possibility; within that, <see cref="TryNext"/> comes to every sequence exactly once.
/// </summary>
internal sealed class Choices(int deviationsAtMost)
{
    private readonly List<(int Taken, int Of)> _made = [];
    private int _position;
    private int _deviations;

    /// <summary>Takes one of so many possibilities.</summary>
    public int Choose(int possibilities)
    {
        if (possibilities < 2) return 0;
        if (_position == _made.Count)
        {
            if (_deviations == deviationsAtMost) return 0;
            _made.Add((0, possibilities));
        }

        if (_made[_position].Of != possibilities) throw new ViolationException("the same choices have led elsewhere: the run is not deterministic");
        var taken = _made[_position++].Taken;
        if (taken > 0) _deviations++;
        return taken;
    }

    /// <summary>Begins the next run. False when all have been made.</summary>
    public bool TryNext()
    {
        (_position, _deviations) = (0, 0);
        while (_made.Count > 0)
        {
            var (taken, of) = _made[^1];
            _made.RemoveAt(_made.Count - 1);
            if (taken + 1 == of) continue;
            _made.Add((taken + 1, of));
            return true;
        }

        return false;
    }

    public override string ToString() => string.Join(' ', _made.Select((choice, i) => (choice.Taken, i)).Where(choice => choice.Taken > 0).Select(choice => $"{choice.i}:{choice.Taken}"));
}
