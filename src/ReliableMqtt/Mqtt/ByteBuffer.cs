namespace ReliableMqtt.Mqtt;

/// <summary>Bytes one behind the other, in memory that grows.</summary>
internal sealed class ByteBuffer
{
    private const int Least = 16 * 1024, KeptAtMost = 8 * 1024 * 1024;

    private byte[] _bytes = new byte[Least];

    public int Count { get; private set; }

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Count);

    /// <summary>The place of so many further bytes.</summary>
    public Span<byte> Take(int count)
    {
        var needed = checked(Count + count);
        if (needed > _bytes.Length) Array.Resize(ref _bytes, (int)Math.Min(Math.Max(needed, 2L * _bytes.Length), Array.MaxLength));
        var place = _bytes.AsSpan(Count, count);
        Count = needed;
        return place;
    }

    /// <summary>Takes back the last bytes.</summary>
    public void CutTo(int count) => Count = count;

    /// <summary>Empty again. What one burst of large messages needed is not kept for ever.</summary>
    public void Clear()
    {
        Count = 0;
        if (_bytes.Length > KeptAtMost) _bytes = new byte[Least];
    }
}
