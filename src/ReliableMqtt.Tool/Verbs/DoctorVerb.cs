using System.CommandLine;
using System.CommandLine.Parsing;
using System.Security.Cryptography;
using ReliableMqtt.Messages;
using ReliableMqtt.Tool.Doctor;
using ReliableMqtt.Tool.Settings;

namespace ReliableMqtt.Tool.Verbs;

/// <summary><c>doctor</c>: what is wrong with broker and store, why it matters, and what to change.</summary>
internal sealed class DoctorVerb
{
    private const string Mqtt5 = "5", Mqtt311 = "3.1.1";

    private readonly ToolHost _host;
    private readonly Option<string> _publisherId = CommonOptions.PublisherId();
    private readonly Option<bool> _json = CommonOptions.Json();
    private readonly Option<LedgerAddress> _ledger;
    private readonly Option<BrokerAddress> _broker;

    private readonly Option<string> _authorities = new("--broker-ca") { Description = "Certificates, in PEM, of who may have signed the broker's, instead of those whom the system trusts", HelpName = "FILE" };

    private readonly Option<string> _clientId = new("--client-id")
    {
        Description = "For a broker that does not let any client id in. Not the publisher's, whose connection would be taken over. Default: a new one",
        HelpName = "ID",
        CustomParser = argument => CommonOptions.Parse(
            argument, text => text.Length == 0 ? throw new FormatException("A client id has at least 1 character.") : MqttText.FindProblem(text) is { } problem ? throw new FormatException($"The client id {problem}.") : text),
    };

    private readonly Option<string[]> _topics = new("--topic")
    {
        Description = "Publish a harmless message at QoS 1 to it, without RETAIN, to see whether the broker allows that. Subscribers get it",
        HelpName = "TOPIC",
        CustomParser = argument => [.. argument.Tokens.Select(token => ParseTopic(argument, token.Value))],
    };

    private readonly Option<TimeSpan> _sessionExpiry = new("--session-expiry")
    {
        Description = "The publisher's SessionExpiry: 90s, 30m, 12h, 7d",
        HelpName = "TIME",
        DefaultValueFactory = _ => BrokerQuestions.DefaultExpiry,
        CustomParser = argument => CommonOptions.Parse(argument, CommonOptions.Span),
    };

    private readonly Option<string> _version = new("--mqtt")
    {
        Description = "The publisher's protocol version: 5 or 3.1.1",
        HelpName = "VERSION",
        DefaultValueFactory = _ => Mqtt5,
        CustomParser = argument => CommonOptions.Parse(argument, text => text is Mqtt5 or Mqtt311 ? text : throw new FormatException($"'{text}' is no version: expected {Mqtt5} or {Mqtt311}.")),
    };

    private readonly Option<bool> _strict = new("--strict") { Description = "Warnings count too: end with 1" };

    private DoctorVerb(ToolHost host)
    {
        _host = host;
        _ledger = CommonOptions.Ledger(host, isRequired: false);
        _broker = CommonOptions.Broker(host);
    }

    public static Command Create(ToolHost host)
    {
        var verb = new DoctorVerb(host);
        var command = new Command("doctor", "What is wrong with broker and store, why it matters, and what to change; ends with 1 when it has found a problem. It changes nothing.")
        {
            verb._broker, verb._ledger, verb._publisherId, verb._topics, verb._sessionExpiry, verb._version, verb._clientId, verb._authorities, verb._strict, verb._json,
        };
        command.Validators.Add(verb.Check);
        command.SetAction(verb.RunAsync);
        return command;
    }

    // By what was given, not by values: those of the environment come in later.
    private void Check(CommandResult result)
    {
        var hasBroker = IsGiven(result, _broker) || _host.Variable(BrokerAddress.Variable) is { Length: > 0 };
        var hasLedger = IsGiven(result, _ledger) || _host.Variable(CommonOptions.LedgerVariable) is { Length: > 0 };
        if (!hasBroker && (IsGiven(result, _topics) || IsGiven(result, _authorities)))
            result.AddError($"Say where the broker is: --broker ADDRESS, or the environment variable {BrokerAddress.Variable}.");
        else if (!hasBroker && !hasLedger)
            result.AddError($"Say what to look at: --broker ADDRESS, --ledger ADDRESS, or the environment variables {BrokerAddress.Variable} and {CommonOptions.LedgerVariable}.");
        if (IsGiven(result, _clientId) && Text(result, _clientId) == Text(result, _publisherId))
            result.AddError("This client id is the publisher's: its connection would be taken over. Give another one.");
    }

    private static bool IsGiven(CommandResult result, Option option) => result.GetResult(option) is { Implicit: false };

    private static string? Text(CommandResult result, Option option) => result.GetResult(option) is { Tokens: [var first, ..] } ? first.Value : null;

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var checkup = new Checkup(_host, parsed.GetRequiredValue(_publisherId))
        {
            Broker = Broker(parsed),
            Ledger = parsed.GetValue(_ledger),
            Questions = new BrokerQuestions
            {
                ClientId = parsed.GetValue(_clientId) ?? $"reliable-mqtt-doctor-{RandomNumberGenerator.GetHexString(8, lowercase: true)}",
                IsMqtt5 = parsed.GetValue(_version) == Mqtt5,
                SessionExpiry = parsed.GetValue(_sessionExpiry),
                Topics = parsed.GetValue(_topics) ?? [],
            },
        };
        var findings = await checkup.RunAsync(stop);
        if (parsed.GetValue(_json)) DoctorReport.WriteJson(_host, checkup, findings);
        else DoctorReport.WriteText(_host, findings);
        return findings.Any(finding => finding.Level >= (parsed.GetValue(_strict) ? Level.Warning : Level.Problem)) ? ExitCode.ProblemsFound : ExitCode.Success;
    }

    private BrokerAddress? Broker(ParseResult parsed)
    {
        var broker = parsed.GetValue(_broker);
        if (parsed.GetValue(_authorities) is not { } file) return broker;
        try
        {
            return broker?.WithAuthorities(file);
        }
        catch (FormatException error)
        {
            throw new BadUsageException(error.Message);
        }
    }

    private static string ParseTopic(ArgumentResult argument, string text)
    {
        if (MqttText.FindTopicProblem(text) is { } problem) argument.AddError($"The topic {problem}.");
        return text;
    }
}
