namespace ReliableMqtt.IntegrationTests.Fixtures;

internal enum TapKind { Forward, Drop, Withhold, Delay, Answer, CutBefore, CutWithin, CutAfter }

/// <summary>What a tap does with a packet instead of letting it pass.</summary>
public sealed class TapAction
{
    private TapAction(TapKind kind) => Kind = kind;

    /// <summary>It vanishes.</summary>
    public static TapAction Drop { get; } = new(TapKind.Drop);

    /// <summary>It waits for <see cref="TapRule.ReleaseAsync"/>; later packets pass it.</summary>
    public static TapAction Withhold { get; } = new(TapKind.Withhold);

    /// <summary>The connection ends before it.</summary>
    public static TapAction CutBefore { get; } = new(TapKind.CutBefore);

    /// <summary>The connection ends right after it: it arrives.</summary>
    public static TapAction CutAfter { get; } = new(TapKind.CutAfter);

    internal static TapAction Forward { get; } = new(TapKind.Forward);

    internal TapKind Kind { get; }

    internal Func<WirePacket, byte[]>? Reply { get; private init; }

    internal TimeSpan Time { get; private init; }

    internal int Bytes { get; private init; }

    internal bool LetsPass => Kind is TapKind.Forward or TapKind.Delay or TapKind.CutAfter;

    /// <summary>It vanishes, and its sender gets these bytes as if from the other side.</summary>
    public static TapAction Answer(Func<WirePacket, byte[]> reply) => new(TapKind.Answer) { Reply = reply };

    /// <summary>It comes so much later, and so does what stands behind it in its direction: a link keeps the order.</summary>
    public static TapAction Delay(TimeSpan time) => new(TapKind.Delay) { Time = time };

    /// <summary>The connection ends within it: so many of its bytes arrive, at most all but one.</summary>
    public static TapAction CutWithin(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        return new(TapKind.CutWithin) { Bytes = bytes };
    }
}
