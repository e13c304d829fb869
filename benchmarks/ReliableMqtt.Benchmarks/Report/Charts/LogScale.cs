namespace ReliableMqtt.Benchmarks.Report.Charts;

/// <summary>Places values between two ends by their logarithms.</summary>
internal sealed class LogScale(double lowest, double highest, double bottom, double top)
{
    private readonly double _from = Math.Log10(lowest) - 0.1;
    private readonly double _to = Math.Log10(highest) + 0.1;

    public double Of(double value) => bottom + ((top - bottom) * (Math.Log10(value) - _from) / (_to - _from));

    /// <summary>The powers of ten, and their multiples, that are between the ends.</summary>
    public IEnumerable<(double Value, bool IsPower)> Ticks()
    {
        for (var power = (int)Math.Floor(_from); power <= _to; power++)
            for (var digit = 1; digit <= 9; digit++)
                if (digit * Math.Pow(10, power) is var value && Math.Log10(value) >= _from && Math.Log10(value) <= _to) yield return (value, digit == 1);
    }
}
