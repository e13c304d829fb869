using System.Text;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Processes;

namespace ReliableMqtt.Tests.Torture;

public class HistoryTests
{
    [Fact]
    public void What_is_written_is_read()
    {
        var history = new History();
        foreach (var line in Written(writer =>
        {
            writer.Invoked(1);
            writer.Accepted(1);
            writer.Confirmed(1);
            writer.Failed(2, "a reason\nof two lines");
            writer.Unknown(3, "gone");
            writer.State("connected", 4);
        })) history.Take(line);
        var events = history.Snapshot();
        Assert.Equal(Event.Invoked | Event.Accepted | Event.Confirmed, events[1]);
        Assert.Equal(Event.Failed, events[2]);
        Assert.Equal(Event.Unknown, events[3]);
        Assert.Equal(3, events.Count);
        Assert.Equal(3, history.Answered);
    }

    [Theory]
    [InlineData("")]
    [InlineData("S connected")]
    [InlineData("A")]
    [InlineData("A x")]
    [InlineData("X 1")]
    public void Other_lines_are_of_no_message(string line) => Assert.False(new History().Take(line));

    [Fact]
    public async Task Half_a_line_of_a_killed_process_is_not_taken_for_a_whole_one()
    {
        var lines = new List<string>();
        await WholeLines.ReadAsync(new MemoryStream("A 170\nA 17"u8.ToArray()), lines.Add);
        Assert.Equal(["A 170"], lines);
    }

    [Fact]
    public void Each_line_is_one_write()
    {
        var pipe = new CountingStream();
        var writer = new HistoryWriter(pipe);
        writer.Invoked(1);
        writer.Failed(1, "reason");
        Assert.Equal(["I 1\n", "F 1 reason\n"], pipe.Writes);
    }

    [Theory]
    [InlineData(1, "t", 0)]
    [InlineData(4711, "topic/1", 200)]
    public void A_payload_tells_its_number_and_key(long number, string key, int size)
    {
        var payload = Payload.Encode(number, key, size);
        Assert.True(payload.Length >= size);
        Assert.True(Payload.TryDecode(Encoding.UTF8.GetString(payload), out var decoded, out var decodedKey));
        Assert.Equal((number, key), (decoded, decodedKey));
    }

    [Fact]
    public void A_changed_payload_is_none()
    {
        var payload = Encoding.UTF8.GetString(Payload.Encode(17, "t", 30));
        for (var i = 0; i < payload.Length; i++)
            Assert.False(Payload.TryDecode(payload[..i] + (char)(payload[i] ^ 1) + payload[(i + 1)..], out _, out _));
        Assert.False(Payload.TryDecode(payload[..^1], out _, out _));
        Assert.False(Payload.TryDecode("", out _, out _));
    }

    private static string[] Written(Action<HistoryWriter> write)
    {
        using var pipe = new MemoryStream();
        write(new HistoryWriter(pipe));
        return Encoding.UTF8.GetString(pipe.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private sealed class CountingStream : MemoryStream
    {
        public List<string> Writes { get; } = [];

        public override void Write(ReadOnlySpan<byte> buffer) => Writes.Add(Encoding.UTF8.GetString(buffer));
    }
}
