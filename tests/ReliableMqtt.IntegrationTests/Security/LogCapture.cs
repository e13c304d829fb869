using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ReliableMqtt.IntegrationTests.Security;

/// <summary>Keeps all that is logged, at every level: the line, the values behind it, the exception with all of its parts.</summary>
internal sealed class LogCapture : ILoggerFactory, ILogger
{
    public ConcurrentQueue<(LogLevel Level, int Id, string Text)> Entries { get; } = new();

    public int Count(int id) => Entries.Count(entry => entry.Id == id);

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) { }

    public void Dispose() { }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull
    {
        Entries.Enqueue((LogLevel.Trace, 0, $"{state}"));
        return null;
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var values = state is IEnumerable<KeyValuePair<string, object?>> pairs ? string.Join(' ', pairs.Select(pair => $"{pair.Key}={pair.Value}")) : "";
        Entries.Enqueue((logLevel, eventId.Id, $"{formatter(state, exception)} | {values} | {exception}"));
    }
}
