using ReliableMqtt.Torture.Reports;

namespace ReliableMqtt.Torture.Verbs.Poison;

/// <summary>What became of the mutated records in the codec.</summary>
internal sealed class CodecTally
{
    private readonly List<string> _details = [];
    private TimeSpan _longest;
    private long _mostAllocated;
    private int _excessive;
    private int _threw;
    private int _believed;

    /// <summary>Refused with a reason.</summary>
    public int Refused { get; set; }

    /// <summary>Refused without one.</summary>
    public int Speechless { get; set; }

    /// <summary>Read, where the checksum had been made to fit.</summary>
    public int Nonsense { get; set; }

    /// <summary>Read with another sequence: of those where three bits or more of it are flipped, the check misses one in 2,039.</summary>
    public int OtherSequence { get; set; }

    public void Took(TimeSpan time, long allocated)
    {
        if (time > _longest) _longest = time;
        _mostAllocated = Math.Max(_mostAllocated, allocated);
    }

    public void TookTooMuch(Mutation kind, byte[] mutated, long allocated, string? problem)
    {
        _excessive++;
        _details.Add($"{kind} of {mutated.Length} bytes took {allocated} bytes ({problem ?? "read"}): {Convert.ToHexString(mutated)}");
    }

    public void Threw(Mutation kind, byte[] mutated, Exception error)
    {
        _threw++;
        _details.Add($"{kind} threw {error.GetType().Name}: {error.Message}; bytes {Convert.ToHexString(mutated)}");
    }

    public void Believed(Mutation kind, byte[] record, byte[] mutated)
    {
        _believed++;
        _details.Add($"{kind} was read as if it were good; record {Convert.ToHexString(record)}, mutated {Convert.ToHexString(mutated)}");
    }

    public void Report(Report report, int mutations, TimeSpan elapsed, TimeSpan hang)
    {
        report.RequireEqual("codec: mutated records looked at", Refused + Speechless + Nonsense + OtherSequence + _believed + _threw, mutations);
        report.RequireEqual("codec: threw", _threw, 0);
        report.RequireEqual("codec: damaged and believed", _believed, 0);
        report.RequireAtMost("codec: other sequence believed, a million", OtherSequence * 1e6 / mutations, 140);
        report.RequireEqual("codec: refused without a reason", Speechless, 0);
        report.RequireEqual("codec: took more memory than 32 KiB + 64 B a byte", _excessive, 0);
        report.RequireAtMost("codec: longest look", _longest.TotalMilliseconds, hang.TotalMilliseconds, " ms");
        foreach (var detail in _details) report.Detail(detail);
        report.Figure("codec_mutations", mutations);
        report.Figure("codec_refused", Refused);
        report.Figure("codec_resealed_read", Nonsense);
        report.Figure("codec_other_sequence", OtherSequence);
        report.Figure("codec_most_allocated_bytes", _mostAllocated);
        report.Figure("codec_longest_ms", _longest.TotalMilliseconds);
        report.Figure("codec_us", elapsed.TotalMicroseconds / mutations);
    }
}
