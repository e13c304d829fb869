using System.Globalization;
using System.Numerics;
using System.Text;
using ReliableMqtt.Messages;

namespace ReliableMqtt;

/// <summary>
/// The ledger's key of a message, and the idempotency key of whoever publishes it. It goes to the receiver in the MQTT 5 user property
/// <see cref="UserPropertyName"/>. Not the packet identifier, which is 16 bits wide and is used again and again.
/// </summary>
/// <remarks>
/// An id that the application gives is kept in full. Without one the library makes an automatic id, which carries the
/// sequence in the ledger, so that any process can look up its receipt without an index.
/// </remarks>
public readonly record struct MessageId
{
    /// <summary>The name of the MQTT 5 user property that carries the id to the receiver.</summary>
    public const string UserPropertyName = "message-id";

    /// <summary>The longest id that an application may give, in UTF-16 code units: 256.</summary>
    public const int MaxLength = 256;

    /// <summary>With this character begin automatic ids.</summary>
    public const char AutomaticPrefix = '~';

    /// <summary>The digits of the nonce, and what stands before and behind them.</summary>
    private const int SequenceAt = 18;

    // The text of the application's; or, since an automatic id is kept as what it says and its text is made when somebody wants it, the LedgerLife that it is of.
    // One field for both: there are several ids for each message in flight.
    private readonly object? _source;
    private readonly long _sequence;

    /// <summary>Makes an id from its text.</summary>
    /// <param name="value">1 … <see cref="MaxLength"/> characters, well-formed UTF-16, no control characters.</param>
    /// <exception cref="ArgumentException">The text is empty, too long, or cannot go into an MQTT string (MQTT 5 §1.5.4).</exception>
    public MessageId(string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(value);
        if (value.Length > MaxLength)
            throw new ArgumentException($"A message id has at most {MaxLength} characters; this one has {value.Length}.", nameof(value));
        if (MqttText.FindProblem(value) is { } problem)
            throw new ArgumentException($"The message id {problem}.", nameof(value));
        _source = TryParse(value, out var nonce, out _sequence) ? LedgerLife.Of(nonce) : value;
    }

    private MessageId(LedgerLife life, long sequence) => (_source, _sequence) = (life, sequence);

    /// <summary>The text of the id.</summary>
    public string Value => _sequence > 0
        ? string.Create(CultureInfo.InvariantCulture, $"{AutomaticPrefix}{LedgerNonce:x16}-{_sequence:x}")
        : (string?)_source ?? string.Empty;

    /// <summary>True for the default value, which is no id.</summary>
    public bool IsEmpty => _source is null;

    /// <summary>True when the library made the id.</summary>
    public bool IsAutomatic => _sequence > 0;

    /// <summary>Makes the automatic id of the message with this sequence.</summary>
    /// <param name="ledgerNonce">Drawn once for each life of a ledger, so that a wiped ledger does not give out the same ids again.</param>
    /// <param name="sequence">The sequence in the ledger, from 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The sequence is below 1.</exception>
    public static MessageId ForSequence(ulong ledgerNonce, long sequence)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sequence);
        return new(LedgerLife.Of(ledgerNonce), sequence);
    }

    /// <summary>Reads the sequence out of an automatic id.</summary>
    /// <param name="sequence">The sequence in the ledger, or 0.</param>
    /// <returns>False for an id that the application gave.</returns>
    public bool TryGetSequence(out long sequence) => (sequence = _sequence) > 0;

    /// <summary>Reads the nonce of the ledger's life out of an automatic id; 0 for any other.</summary>
    internal ulong LedgerNonce => _source is LedgerLife life ? life.Nonce : 0;

    /// <summary>How many bytes the text has in UTF-8.</summary>
    internal int Utf8Length => _sequence > 0 ? SequenceAt + ((67 - BitOperations.LeadingZeroCount((ulong)_sequence)) / 4) : Encoding.UTF8.GetByteCount(Value);

    /// <summary>Writes the text in UTF-8 into <see cref="Utf8Length"/> bytes.</summary>
    internal void WriteUtf8(Span<byte> bytes)
    {
        if (_sequence == 0)
        {
            Encoding.UTF8.GetBytes(Value, bytes);
            return;
        }

        bytes[0] = (byte)AutomaticPrefix;
        LedgerNonce.TryFormat(bytes[1..], out _, "x16", CultureInfo.InvariantCulture);
        bytes[SequenceAt - 1] = (byte)'-';
        _sequence.TryFormat(bytes[SequenceAt..], out _, "x", CultureInfo.InvariantCulture);
    }

    private static bool TryParse(ReadOnlySpan<char> text, out ulong nonce, out long sequence)
    {
        (nonce, sequence) = (0, 0);
        // One spelling for each sequence, lower case without leading zeros: else two ids would stand for one message.
        if (text.Length <= SequenceAt || text[0] != AutomaticPrefix || text[SequenceAt - 1] != '-' || text[SequenceAt] == '0' || text.ContainsAnyInRange('A', 'F')
            || !ulong.TryParse(text[1..(SequenceAt - 1)], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var read)
            // Sixteen digits from 8 on would read as a negative number.
            || !long.TryParse(text[SequenceAt..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) || number <= 0)
            return false;
        (nonce, sequence) = (read, number);
        return true;
    }

    /// <summary>The text of the id.</summary>
    public override string ToString() => Value;

    /// <summary>Makes an id from its text.</summary>
    /// <exception cref="ArgumentException">See the constructor.</exception>
    public static implicit operator MessageId(string value) => new(value);
}
