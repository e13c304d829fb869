using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Tests.Ledger;
using ReliableMqtt.Tool.Doctor;

namespace ReliableMqtt.Tool.Tests;

/// <summary>The tool on a ledger in memory, with what it says kept.</summary>
internal sealed class ToolRig : IAsyncDisposable
{
    public const string PublisherId = "plant-7";

    private readonly List<AckLedger> _ledgers = [];
    private StringWriter _out = new(), _error = new();

    public ToolRig() => Wrap = ledger => ledger;

    /// <summary>Puts something before the ledger that the tool gets.</summary>
    public Func<AckLedger, AckLedger> Wrap { get; set; }

    public InMemoryLedgerStore Store { get; } = new();

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2030, 1, 1, 12, 0, 0, TimeSpan.Zero));

    /// <summary>What the doctor finds of the store and of the broker.</summary>
    public IReadOnlyList<Finding> OfStore { get; set; } = [];

    public IReadOnlyList<Finding> OfBroker { get; set; } = [];

    /// <summary>What the broker was asked last.</summary>
    public BrokerQuestions? Asked { get; private set; }

    /// <summary>What happens between two looks of a watch, after their time has gone by.</summary>
    public Func<Task> Meanwhile { get; set; } = () => Task.CompletedTask;

    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>What somebody at the keyboard answers; null when nobody is there.</summary>
    public string? Answer { get; set; }

    public int? Width { get; set; }

    /// <summary>What the last run has said.</summary>
    public string Out => _out.ToString().ReplaceLineEndings("\n");

    public string Error => _error.ToString().ReplaceLineEndings("\n");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async Task<AckLedger> OpenAsync()
    {
        var ledger = new InMemoryAckLedger(Store);
        _ledgers.Add(ledger);
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = PublisherId, TimeProvider = Clock }, Cancel);
        return ledger;
    }

    public async Task<LedgerOwner> OwnAsync()
    {
        var ledger = await OpenAsync();
        return await LedgerOwner.RecoverAsync(ledger, (await ledger.AcquireAsync(Cancel)).Epoch!.Value, Clock);
    }

    /// <summary>Dead letters, one for each: topic, cause, code, and how long ago.</summary>
    public async Task<LedgerOwner> KillAsync(params (string Id, string Topic, DeadLetterCause Cause, byte? Code, TimeSpan Ago)[] letters)
    {
        var now = Clock.GetUtcNow();
        var owner = await OwnAsync();
        var sent = await owner.SendAsync(1, [.. letters.Select(letter => Message(letter.Id, letter.Topic))]);
        for (var i = 0; i < letters.Length; i++)
        {
            var dead = LedgerOwner.Dead(sent[i], (ushort)(i + 1), new DeadLetterReason(letters[i].Cause, letters[i].Code, "no"));
            await owner.CommitAsync(commit => commit with { DeadLetters = [dead], At = now - letters[i].Ago });
        }

        return owner;
    }

    public LedgerRecord Message(string? id = null, string topic = "plant/7/temperature", string payload = "secret payload", int qos = 1) => new()
    {
        Topic = topic,
        Payload = Encoding.UTF8.GetBytes(payload),
        QualityOfService = (MqttQualityOfServiceLevel)qos,
        MessageId = id is null ? default : new MessageId(id),
        AcceptedAt = Clock.GetUtcNow(),
    };

    /// <summary>Runs a verb on the rig's ledger.</summary>
    public Task<int> RunAsync(params string[] args) => RunRawAsync([.. args, "--ledger", "redis://test", "--publisher-id", PublisherId]);

    /// <summary>Runs exactly this.</summary>
    public async Task<int> RunRawAsync(params string[] args)
    {
        (_out, _error) = (new StringWriter(), new StringWriter());
        return await CommandLine.RunAsync(args, new ToolHost
        {
            Out = _out,
            Error = _error,
            In = new StringReader(Answer ?? ""),
            IsInteractive = Answer is not null,
            Width = Width,
            Time = Clock,
            Variable = Variables.GetValueOrDefault,
            Create = _ => Wrap(new InMemoryAckLedger(Store)),
            CheckStore = (_, _, _, _) => Task.FromResult(OfStore),
            CheckBroker = (_, questions, _, _) =>
            {
                Asked = questions;
                return Task.FromResult(OfBroker);
            },
            Wait = (span, _) =>
            {
                Clock.Advance(span);
                return Meanwhile();
            },
        });
    }

    /// <summary>The last output, which is one JSON document.</summary>
    public JsonElement Json() => JsonDocument.Parse(Out).RootElement;

    public async Task<string[]> DeadIdsAsync() =>
        [.. (await (await OpenAsync()).ListDeadLettersAsync(null, 1_000, Cancel)).Items.Select(letter => letter.Record.MessageId.Value)];

    public async ValueTask DisposeAsync()
    {
        foreach (var ledger in _ledgers) await ledger.DisposeAsync();
    }
}
