using StackExchange.Redis;

namespace ReliableMqtt.Redis;

/// <summary>
/// Arrays for the arguments of scripts, for use again. A call takes an array as long as it is, so the shared pool's, which are longer, will not do; and commits have as many lengths as there are, so
/// long ones are rounded up, with empty arguments that no script reads.
/// </summary>
internal static class ArgumentArrays
{
    /// <summary>Shorter ones are made as they are: an empty argument costs more than it saves there.</summary>
    public const int Short = 64;

    private const int Step = 16, Longest = 2_048;

    // One of each length: a ledger has one commit on its way.
    private static readonly RedisValue[]?[] Kept = new RedisValue[Longest / Step][];

    public static RedisValue[] Rent(int count)
    {
        if (count is <= Short or > Longest) return new RedisValue[count];
        var step = (count - 1) / Step;
        var array = Interlocked.Exchange(ref Kept[step], null) ?? new RedisValue[(step + 1) * Step];
        array.AsSpan(count).Fill(RedisValue.EmptyString);
        return array;
    }

    /// <summary>The array is nobody's any more.</summary>
    public static void Return(RedisValue[] array)
    {
        if (array.Length is <= Short or > Longest) return;
        Array.Clear(array); // It would keep messages in memory.
        Volatile.Write(ref Kept[(array.Length / Step) - 1], array);
    }
}
