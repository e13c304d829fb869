using Microsoft.Extensions.Options;
using ReliableMqtt.Ledger;

namespace ReliableMqtt;

/// <summary>Checks a publisher's settings when the host starts; an error names the place in the configuration.</summary>
/// <param name="name">The name of the options that are checked.</param>
/// <param name="path">Where they come from: the section's path, or what stands for it.</param>
/// <param name="setsBroker">The application's code says where the broker is.</param>
internal sealed class ReliableMqttOptionsValidator(string name, string path, Func<bool> setsBroker) : IValidateOptions<ReliableMqttOptions>
{
    public ValidateOptionsResult Validate(string? name1, ReliableMqttOptions options)
    {
        if (name1 != name) return ValidateOptionsResult.Skip;
        var errors = Problems(options).Select(problem => $"{path}:{problem}").ToList();
        return errors.Count > 0 ? ValidateOptionsResult.Fail(errors) : ValidateOptionsResult.Success;
    }

    private IEnumerable<string> Problems(ReliableMqttOptions options)
    {
        if (FindProblem(options) is { } problem) yield return problem;
        if (options.OldestPendingLimit <= TimeSpan.Zero) yield return $"{nameof(options.OldestPendingLimit)} must be above 0, not {options.OldestPendingLimit}";
        var broker = options.Broker;
        if (broker.Host.Length == 0 && !options.AcceptOnly && !setsBroker())
            yield return $"{nameof(options.Broker)}:{nameof(broker.Host)} is missing: say where the broker is, there or by ConfigureMqttClient";
        if (broker.Port is < 1 or > 65_535) yield return $"{nameof(options.Broker)}:{nameof(broker.Port)} must be 1 … 65535, not {broker.Port}";
        if (broker.KeepAlive < TimeSpan.Zero || broker.KeepAlive.TotalSeconds > ushort.MaxValue)
            yield return $"{nameof(options.Broker)}:{nameof(broker.KeepAlive)} must be 0 … 65535 s, not {broker.KeepAlive}";
        if (OptionsMapping.VersionOf(broker.ProtocolVersion) is null)
            yield return $"{nameof(options.Broker)}:{nameof(broker.ProtocolVersion)} must be 5.0 or 3.1.1, not '{broker.ProtocolVersion}'";
    }

    private static string? FindProblem(ReliableMqttOptions options)
    {
        try
        {
            OptionsValidator.Validate(OptionsMapping.ToPublisher(options, Placeholder.Ledger, static _ => { }));
            return null;
        }
        catch (ArgumentException error)
        {
            // The text begins with the option's name; ArgumentException adds the parameter's.
            return error.Message.Split(" (Parameter", 2)[0];
        }
    }

    private static class Placeholder
    {
        public static readonly AckLedger Ledger = new InMemoryAckLedger();
    }
}
