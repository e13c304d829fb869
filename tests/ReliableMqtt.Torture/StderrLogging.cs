using Microsoft.Extensions.Logging;

namespace ReliableMqtt.Torture;

/// <summary>The library's log, one line each on the standard error, for <c>--verbose</c>.</summary>
internal sealed class StderrLogging : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) { }

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Console.Error.WriteLine($"{DateTime.UtcNow:HH:mm:ss.fff} {logLevel,-11} {eventId.Id} {formatter(state, exception)}{(exception is null ? "" : $" [{exception}]")}");

    public void Dispose() { }
}
