using System.Buffers;
using System.Text;
using System.Text.Json;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tool.Output;

/// <summary>One JSON document on the standard output, written as it grows: a long list does not have to fit into memory.</summary>
internal sealed class JsonOutput : IDisposable
{
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly TextWriter _target;

    /// <param name="target">The standard output.</param>
    /// <param name="oneLine">One of several documents, each on a line of its own.</param>
    public JsonOutput(TextWriter target, bool oneLine = false)
    {
        _target = target;
        Writer = new Utf8JsonWriter(_buffer, new JsonWriterOptions { Indented = !oneLine });
        Writer.WriteStartObject();
    }

    public Utf8JsonWriter Writer { get; }

    /// <summary>Hands out what is written so far.</summary>
    public void Flush()
    {
        Writer.Flush();
        _target.Write(Encoding.UTF8.GetString(_buffer.WrittenSpan));
        _buffer.ResetWrittenCount();
    }

    /// <summary>Ends the document. Not done after a failure, so that nobody takes a part for the whole.</summary>
    public void Complete()
    {
        Writer.WriteEndObject();
        Flush();
        _target.WriteLine();
    }

    public void Dispose() => Writer.Dispose();

    public void Time(string name, DateTimeOffset? time)
    {
        if (time is { } known) Writer.WriteString(name, known.ToUniversalTime());
        else Writer.WriteNull(name);
    }

    public void Number(string name, long? number)
    {
        if (number is { } known) Writer.WriteNumber(name, known);
        else Writer.WriteNull(name);
    }

    /// <summary>A message, into the object that is open.</summary>
    public void Message(LedgerRecord record, bool withPayload)
    {
        Writer.WriteString("messageId", record.MessageId.Value);
        Writer.WriteNumber("sequence", record.Sequence);
        Writer.WriteString("topic", record.Topic);
        Writer.WriteNumber("qos", (int)record.QualityOfService);
        Writer.WriteBoolean("retain", record.Retain);
        Time("acceptedAt", record.AcceptedAt);
        Time("expiresAt", record.ExpiresAt);
        Writer.WriteNumber("payloadBytes", record.Payload.Length);
        if (withPayload) Writer.WriteBase64String("payload", record.Payload.Span);
    }
}
