using System.Globalization;

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

    private readonly string? _value;

    /// <summary>Makes an id from its text.</summary>
    /// <param name="value">1 … <see cref="MaxLength"/> characters, well-formed UTF-16, no control characters.</param>
    /// <exception cref="ArgumentException">The text is empty, too long, or cannot go into an MQTT string (MQTT 5 §1.5.4).</exception>
    public MessageId(string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(value);
        if (value.Length > MaxLength)
            throw new ArgumentException($"A message id has at most {MaxLength} characters; this one has {value.Length}.", nameof(value));
        if (Messages.MqttText.FindProblem(value) is { } problem)
            throw new ArgumentException($"The message id {problem}.", nameof(value));
        _value = value;
    }

    private MessageId(string value, bool _) => _value = value;

    /// <summary>The text of the id.</summary>
    public string Value => _value ?? string.Empty;

    /// <summary>True for the default value, which is no id.</summary>
    public bool IsEmpty => string.IsNullOrEmpty(_value);

    /// <summary>True when the library made the id.</summary>
    public bool IsAutomatic => TryGetSequence(out _);

    /// <summary>Makes the automatic id of the message with this sequence.</summary>
    /// <param name="ledgerNonce">Drawn once for each life of a ledger, so that a wiped ledger does not give out the same ids again.</param>
    /// <param name="sequence">The sequence in the ledger, from 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The sequence is below 1.</exception>
    public static MessageId ForSequence(ulong ledgerNonce, long sequence)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sequence);
        return new(string.Create(CultureInfo.InvariantCulture, $"{AutomaticPrefix}{ledgerNonce:x16}-{sequence:x}"), true);
    }

    /// <summary>Reads the sequence out of an automatic id.</summary>
    /// <param name="sequence">The sequence in the ledger, or 0.</param>
    /// <returns>False for an id that the application gave.</returns>
    public bool TryGetSequence(out long sequence)
    {
        sequence = 0;
        var text = _value.AsSpan();
        // One spelling for each sequence, lower case without leading zeros: else two ids would stand for one message.
        return text.Length > 18 && text[0] == AutomaticPrefix && text[17] == '-' && text[18] != '0' && !text.ContainsAnyInRange('A', 'F')
            && ulong.TryParse(text[1..17], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _)
            && TryParseSequence(text[18..], out sequence);
    }

    private static bool TryParseSequence(ReadOnlySpan<char> text, out long sequence)
    {
        // Sixteen digits from 8 on would read as a negative number.
        if (long.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out sequence) && sequence > 0) return true;
        sequence = 0;
        return false;
    }

    /// <summary>Reads the nonce of the ledger's life out of an automatic id; 0 for any other.</summary>
    internal ulong LedgerNonce => IsAutomatic
        ? ulong.Parse(_value.AsSpan(1, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) : 0;

    /// <summary>The text of the id.</summary>
    public override string ToString() => Value;

    /// <summary>Makes an id from its text.</summary>
    /// <exception cref="ArgumentException">See the constructor.</exception>
    public static implicit operator MessageId(string value) => new(value);
}
