using System.Text.Json;
using ReliableMqtt.Benchmarks.Compare;

namespace ReliableMqtt.Benchmarks.Report;

/// <summary>Everything that a comparison has measured: the file of --json.</summary>
internal sealed record CompareResult
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public required Machine Machine { get; init; }

    public required CompareOptions Options { get; init; }

    public required IReadOnlyList<CellResult> Cells { get; init; }

    public static async Task<CompareResult> ReadAsync(string file, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(file);
        return await JsonSerializer.DeserializeAsync<CompareResult>(stream, Format, cancellationToken) ?? throw new InvalidDataException($"{file} is empty.");
    }

    public async Task WriteAsync(string file, CancellationToken cancellationToken)
    {
        await using var stream = File.Create(file);
        await JsonSerializer.SerializeAsync(stream, this, Format, cancellationToken);
    }
}
