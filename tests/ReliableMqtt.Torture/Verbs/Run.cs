using System.Text;
using ReliableMqtt.Messages;
using ReliableMqtt.Torture.Reports;

namespace ReliableMqtt.Torture.Verbs;

/// <summary>One run of a verb: what it was asked for, and where it reports.</summary>
internal sealed record Run(Report Report, StderrLogging? Logging, CancellationToken Stop)
{
    public int Seed => Report.Seed;

    public bool IsQuick => Report.IsQuick;

    /// <summary>Randomness for one purpose. Draws for one do not move those for another.</summary>
    public Random NewRandom(string purpose) =>
        new(unchecked((int)Crc32C.Finish(Crc32C.Append(Crc32C.Append(Crc32C.Start, BitConverter.GetBytes(Seed)), Encoding.UTF8.GetBytes(purpose)))));
}
