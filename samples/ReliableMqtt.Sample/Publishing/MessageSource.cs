using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using MQTTnet.Protocol;
using ReliableMqtt.Sample.Settings;

namespace ReliableMqtt.Sample.Publishing;

/// <summary>Where messages come from: the rows of a file, the lines of a stream, or nowhere.</summary>
internal static partial class MessageSource
{
    /// <summary>
    /// One message a row, as a JSON object with the header's names. The message id is the file's name and the row's number, so publishing
    /// the same file again within the deduplication window publishes nothing twice.
    /// </summary>
    /// <exception cref="BadUsageException">The file is no table, or the topic names a column that it does not have.</exception>
    public static async IAsyncEnumerable<PublishMessage> FromCsvAsync(
        string path, TopicTemplate topic, MqttQualityOfServiceLevel qualityOfService, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var file = new StreamReader(path);
        var name = Path.GetFileName(path);
        IReadOnlyList<string>? columns = null;
        var number = 0;
        await foreach (var row in CsvReader.ReadAsync(file, cancellationToken))
        {
            if (columns is null)
            {
                columns = row;
                continue;
            }

            number++;
            if (row.Count != columns.Count)
                throw new BadUsageException($"Row {number} of {name} has {row.Count} fields; its header has {columns.Count}.");
            var id = new MessageId(string.Create(CultureInfo.InvariantCulture, $"{name}-{number}"));
            yield return new PublishMessage(topic.Fill(columns, row), ToJson(columns, row), qualityOfService, new PublishOptions { MessageId = id });
        }
    }

    /// <summary>One message a line.</summary>
    public static async IAsyncEnumerable<PublishMessage> FromLinesAsync(
        TextReader lines, string topic, MqttQualityOfServiceLevel qualityOfService, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A read of the terminal does not end when it is cancelled; waiting for it does.
        while (await lines.ReadLineAsync(cancellationToken).AsTask().WaitAsync(cancellationToken) is { } line)
            yield return new PublishMessage(topic, Encoding.UTF8.GetBytes(line), qualityOfService);
    }

    /// <summary>Messages of a given size, each beginning with its number, so that no two are equal while the size has room for it.</summary>
    public static async IAsyncEnumerable<PublishMessage> GenerateAsync(
        long count, int size, string topic, MqttQualityOfServiceLevel qualityOfService)
    {
        await Task.CompletedTask;
        for (var number = 1L; number <= count; number++)
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"{number} ").PadRight(size, '.');
            yield return new PublishMessage(topic, Encoding.UTF8.GetBytes(text[..size]), qualityOfService);
        }
    }

    private static byte[] ToJson(IReadOnlyList<string> columns, IReadOnlyList<string> row)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            for (var i = 0; i < columns.Count; i++)
            {
                json.WritePropertyName(columns[i]);
                if (JsonNumber().IsMatch(row[i])) json.WriteRawValue(row[i]);
                else json.WriteStringValue(row[i]);
            }

            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\z")]
    private static partial Regex JsonNumber();
}
