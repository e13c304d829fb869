using System.Diagnostics;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Torture.Verbs.Poison;

/// <summary>Mutated records through the codec: it must refuse them with a reason, without an exception, quickly, and without taking much memory.</summary>
internal static class CodecRound
{
    private const int Sources = 2_000;
    private const ulong Nonce = 4711;

    // Refusing is a sentence, and where the checksum is right an exception with its trace. Reading is strings and objects for parts of the record: a user property of two bytes is an object.
    private const int FixedBytes = 32 * 1024, BytesPerByte = 64;

    // A wait for the processor counts too, so this is far above what a record takes.
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(5);

    public static void Execute(Run run, int mutations)
    {
        var records = new RecordSource(run.NewRandom("codec records"));
        var good = Enumerable.Range(0, Sources).Select(_ => RecordCodec.Encode(records.Next())).ToArray();
        foreach (var record in good)
            if (!RecordCodec.TryDecode(record, Nonce, out _, out var problem)) throw new InvalidOperationException($"A good record {problem}");

        var random = run.NewRandom("codec mutations");
        var mutator = new RecordMutator(random);
        var kinds = Enum.GetValues<Mutation>();
        var tally = new CodecTally();
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < mutations; i++)
        {
            if ((i & 0xFFF) == 0) run.Stop.ThrowIfCancellationRequested();
            var (kind, record) = (kinds[i % kinds.Length], good[random.Next(Sources)]);
            Judge(kind, record, mutator.Mutate(kind, record, good[random.Next(Sources)]), tally);
        }

        tally.Report(run.Report, mutations, Stopwatch.GetElapsedTime(started), Hang);
    }

    private static void Judge(Mutation kind, byte[] record, byte[] mutated, CodecTally tally)
    {
        var (began, allocated) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
        try
        {
            var read = RecordCodec.TryDecode(mutated, Nonce, out var decoded, out var problem);
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            tally.Took(Stopwatch.GetElapsedTime(began), allocated);
            if (allocated > FixedBytes + ((long)BytesPerByte * mutated.Length)) tally.TookTooMuch(kind, mutated, allocated, problem);
            if (!read && string.IsNullOrWhiteSpace(problem)) tally.Speechless++;
            else if (!read) tally.Refused++;
            else if (kind == Mutation.Resealed) tally.Nonsense++;
            else if (kind == Mutation.FlippedSequence && IsTheSameButForItsSequence(record, decoded!)) tally.OtherSequence++;
            else tally.Believed(kind, record, mutated);
        }
        catch (Exception error)
        {
            tally.Threw(kind, mutated, error);
        }
    }

    // Everything else must be the record's. An automatic id follows the sequence.
    private static bool IsTheSameButForItsSequence(byte[] record, LedgerRecord decoded)
    {
        RecordCodec.TryDecode(record, Nonce, out var original, out _);
        var id = original!.HasApplicationId ? original.MessageId : MessageId.ForSequence(Nonce, decoded.Sequence);
        return decoded.MessageId == id && RecordCodec.Encode(decoded with { Sequence = original.Sequence, MessageId = original.MessageId }).AsSpan().SequenceEqual(record);
    }
}
