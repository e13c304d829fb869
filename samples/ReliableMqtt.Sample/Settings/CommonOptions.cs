using System.CommandLine;
using System.CommandLine.Parsing;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace ReliableMqtt.Sample.Settings;

/// <summary>The options that several verbs have.</summary>
internal static class CommonOptions
{
    public static Option<BrokerAddress> Broker() => new("--broker")
    {
        Description = "mqtt[s]://[user:password@]host[:port] or ws[s]://[user:password@]host[:port]/path",
        HelpName = "ADDRESS",
        Required = true,
        CustomParser = argument => Parse(argument, BrokerAddress.Parse),
    };

    public static Option<MqttProtocolVersion?> Protocol() => new("--protocol")
    {
        Description = "5 or 3.1.1 (no message ids on the wire, refusals look like success). Default 5",
        HelpName = "VERSION",
        CustomParser = argument => Parse<MqttProtocolVersion?>(argument, text => text switch
        {
            "5" => MqttProtocolVersion.V500,
            "3.1.1" => MqttProtocolVersion.V311,
            _ => throw new FormatException($"'{text}' is not a protocol version: expected 5 or 3.1.1."),
        }),
    };

    public static Option<MqttQualityOfServiceLevel?> QualityOfService() => new("--qos")
    {
        Description = "0 at most once, 1 at least once, 2 exactly once at the broker. Default 1",
        HelpName = "0|1|2",
        CustomParser = argument => Parse<MqttQualityOfServiceLevel?>(argument, text => text switch
        {
            "0" => MqttQualityOfServiceLevel.AtMostOnce,
            "1" => MqttQualityOfServiceLevel.AtLeastOnce,
            "2" => MqttQualityOfServiceLevel.ExactlyOnce,
            _ => throw new FormatException($"'{text}' is not a quality of service: expected 0, 1 or 2."),
        }),
    };

    public static Option<int?> Seed() => new("--seed")
    {
        Description = "Repeats the same random choices. Default: a new one, which is printed",
        HelpName = "NUMBER",
    };

    public static Option<int?> Window() => new("--window")
    {
        Description = "How many messages may be in flight. Default 256, which the broker's Receive Maximum lowers; on MQTT 3.1.1, where a broker "
            + "cannot name its limit and a refusal beyond it looks like success, 20, which is mosquitto's",
        HelpName = "N",
        Validators = { result => RequireBetween(result, 1, 4096) },
    };

    public static Option<double?> Seconds(string name, string description, params string[] aliases) => new(name, aliases)
    {
        Description = description,
        HelpName = "SECONDS",
        Validators = { RequirePositive },
    };

    /// <summary>The window that is meant when none is given.</summary>
    public static int DefaultWindow(MqttProtocolVersion protocol) => protocol == MqttProtocolVersion.V500 ? 256 : 20;

    /// <summary>Makes a parser that throws into one that reports.</summary>
    public static T? Parse<T>(ArgumentResult argument, Func<string, T> parse)
    {
        try
        {
            return parse(argument.Tokens[0].Value);
        }
        catch (FormatException error)
        {
            argument.AddError(error.Message);
            return default;
        }
    }

    public static void RequireBetween(OptionResult result, long min, long max)
    {
        var text = result.Tokens.Count > 0 ? result.Tokens[0].Value : null;
        if (text is not null && long.TryParse(text, out var value) && (value < min || value > max))
            result.AddError($"{result.Option.Name} is {value}; it may be {min} to {max}.");
    }

    private static void RequirePositive(OptionResult result)
    {
        if (result.Tokens.Count > 0 && result.GetValueOrDefault<double?>() is not (> 0 and <= 1_000_000))
            result.AddError($"{result.Option.Name} takes a positive number of seconds.");
    }
}
