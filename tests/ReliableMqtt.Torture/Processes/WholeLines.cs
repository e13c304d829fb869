using System.Text;

namespace ReliableMqtt.Torture.Processes;

/// <summary>
/// Reads the lines of a pipe whose writer may be killed at any moment. A line without its end is half of one, which may look like a whole one (<c>A 17</c> of
/// <c>A 171</c>): it is not told.
/// </summary>
internal static class WholeLines
{
    /// <summary>Tells each line, until the pipe is closed.</summary>
    public static async Task ReadAsync(Stream pipe, Action<string> onLine)
    {
        var buffer = new byte[64 * 1024];
        var line = new List<byte>();
        while (await pipe.ReadAsync(buffer) is > 0 and var count)
        {
            foreach (var next in buffer.AsSpan(0, count))
            {
                if (next != '\n')
                {
                    line.Add(next);
                    continue;
                }

                onLine(Encoding.UTF8.GetString(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(line)));
                line.Clear();
            }
        }
    }
}
