using System.Reflection;

namespace ReliableMqtt.Tests;

/// <summary>Proves that each documented bound holds, from both sides, and that the defaults are the documented ones.</summary>
public class OptionsValidatorTests
{
    private static readonly ReliablePublisherOptions Valid = new() { PublisherId = "plant-7", Mqtt = _ => { }, Ledger = new NoLedger() };

    public static TheoryData<string, string, Func<ReliablePublisherOptions, ReliablePublisherOptions>> Refused => new()
    {
        { "PublisherId", "is missing", o => o with { PublisherId = null! } },
        { "PublisherId", "is missing", o => o with { PublisherId = "" } },
        { "PublisherId", "is missing", o => o with { PublisherId = " \t" } },
        { "PublisherId", "at most 128 characters, not 129", o => o with { PublisherId = new string('x', 129) } },
        { "PublisherId", "control character U+0000", o => o with { PublisherId = "a\0" } },
        { "PublisherId", "lone surrogate", o => o with { PublisherId = "a" + (char)0xD800 } },
        { "Mqtt", "is missing", o => o with { Mqtt = null! } },
        { "Ledger", "is missing", o => o with { Ledger = null! } },
        { "TimeProvider", "null", o => o with { TimeProvider = null! } },
        { "SessionExpiry", "a session that ends with the connection cannot resume", o => o with { SessionExpiry = TimeSpan.Zero } },
        { "SessionExpiry", "at least 1 min", o => o with { SessionExpiry = TimeSpan.FromSeconds(59) } },
        { "SessionExpiry", "at least 1 min", o => o with { SessionExpiry = TimeSpan.FromSeconds(-1) } },
        { "SessionExpiry", "at most 4294967295 seconds", o => o with { SessionExpiry = TimeSpan.FromSeconds(4_294_967_296) } },
        { "MaxInFlight", "1 … 4096, not 0", o => o with { MaxInFlight = 0 } },
        { "MaxInFlight", "1 … 4096, not 4097", o => o with { MaxInFlight = 4_097 } },
        { "MaxInFlightMqtt311", "1 … 4096, not 0", o => o with { MaxInFlightMqtt311 = 0 } },
        { "MaxInFlightMqtt311", "1 … 4096, not 4097", o => o with { MaxInFlightMqtt311 = 4_097 } },
        { "AckTimeout", "at least 00:00:01", o => o with { AckTimeout = TimeSpan.FromMilliseconds(999) } },
        { "AckTimeout", "at most 49 days", o => o with { AckTimeout = TimeSpan.FromDays(50) } },
        { "ConfirmTimeout", "above 0", o => o with { ConfirmTimeout = TimeSpan.Zero } },
        { "ConfirmTimeout", "Timeout.InfiniteTimeSpan", o => o with { ConfirmTimeout = TimeSpan.MaxValue } },
        { "ConfirmTimeout", "above 0", o => o with { ConfirmTimeout = TimeSpan.FromSeconds(-1) } },
        { "ConnectTimeout", "at least 00:00:01", o => o with { ConnectTimeout = TimeSpan.Zero } },
        { "MinBackoff", "above 0", o => o with { MinBackoff = TimeSpan.Zero } },
        { "MaxBackoff", "at least MinBackoff", o => o with { MaxBackoff = TimeSpan.FromMilliseconds(499) } },
        { "MaxBackoff", "at most 49 days", o => o with { MaxBackoff = TimeSpan.MaxValue } },
        { "MaxAttempts", "at least 1, not 0", o => o with { MaxAttempts = 0 } },
        { "LeaseDuration", "at least 00:00:05", o => o with { LeaseDuration = TimeSpan.FromSeconds(4.9) } },
        { "DeduplicationWindow", "negative", o => o with { DeduplicationWindow = TimeSpan.FromTicks(-1) } },
        { "MaxPending", "at least 1", o => o with { MaxPending = 0 } },
        { "MaxPendingBytes", "at least MaxPayloadSize (262144)", o => o with { MaxPendingBytes = 262_143 } },
        { "MaxPayloadSize", "1 … 268435455", o => o with { MaxPayloadSize = 0 } },
        { "MaxPayloadSize", "1 … 268435455", o => o with { MaxPayloadSize = 268_435_456 } },
        { "MaxDeadLetters", "at least 1", o => o with { MaxDeadLetters = 0 } },
        { "DeadLetterRetention", "above 0", o => o with { DeadLetterRetention = TimeSpan.Zero } },
        { "ShutdownTimeout", "not negative", o => o with { ShutdownTimeout = TimeSpan.FromTicks(-1) } },
        { "FaultedRetryInterval", "at least 00:00:01", o => o with { FaultedRetryInterval = TimeSpan.FromMilliseconds(999) } },
        { "LedgerStartTimeout", "not negative", o => o with { LedgerStartTimeout = TimeSpan.FromTicks(-1) } },
        { "SessionLossPolicy", "has no value 2", o => o with { SessionLossPolicy = (SessionLossPolicy)2 } },
        { "Ordering", "has no value 2", o => o with { Ordering = (PublishOrdering)2 } },
        { "Overflow", "has no value -1", o => o with { Overflow = (OverflowPolicy)(-1) } },
    };

    public static TheoryData<Func<ReliablePublisherOptions, ReliablePublisherOptions>> Allowed => new((Func<ReliablePublisherOptions, ReliablePublisherOptions>[])
    [
        o => o with { PublisherId = new string('x', 128), SessionExpiry = TimeSpan.FromMinutes(1) },
        o => o with { SessionExpiry = TimeSpan.FromSeconds(uint.MaxValue) },
        o => o with { MaxInFlight = 1, MaxAttempts = 1, MaxPending = 1, MaxDeadLetters = 1 },
        o => o with { MaxInFlight = 4_096, MaxPayloadSize = 268_435_455 },
        o => o with { MaxPayloadSize = 1, MaxPendingBytes = 1 },
        o => o with { AckTimeout = TimeSpan.FromSeconds(1), ConnectTimeout = TimeSpan.FromSeconds(1), FaultedRetryInterval = TimeSpan.FromSeconds(1) },
        o => o with { ConfirmTimeout = Timeout.InfiniteTimeSpan },
        o => o with { ConfirmTimeout = TimeSpan.FromTicks(1), MinBackoff = TimeSpan.FromTicks(1) },
        o => o with { MaxBackoff = o.MinBackoff },
        o => o with { LeaseDuration = TimeSpan.FromSeconds(5), DeduplicationWindow = TimeSpan.Zero, ShutdownTimeout = TimeSpan.Zero },
        o => o with { AckTimeout = TimeSpan.FromDays(49), LedgerStartTimeout = TimeSpan.FromDays(49) },
        o => o with { SessionLossPolicy = SessionLossPolicy.DeadLetter, Ordering = PublishOrdering.None, Overflow = OverflowPolicy.Reject },
    ]);

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_is_out_of_bounds_is_refused_by_name(string option, string text, Func<ReliablePublisherOptions, ReliablePublisherOptions> change)
    {
        var thrown = Assert.Throws<ArgumentException>(() => OptionsValidator.Validate(change(Valid)));
        Assert.Equal(option, thrown.ParamName);
        Assert.StartsWith(option + " ", thrown.Message, StringComparison.Ordinal);
        Assert.Contains(text, thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Allowed))]
    public void The_bounds_themselves_are_allowed(Func<ReliablePublisherOptions, ReliablePublisherOptions> change) =>
        OptionsValidator.Validate(change(Valid));

    [Fact]
    public void Every_option_with_a_bound_is_checked()
    {
        string[] unbounded = ["AcceptOnly", "ConfigureClient", "LoggerFactory", "MeterFactory", "PropagateTraceContext", "RequireDurableLedger", "ShouldRetry"];
        var bounded = typeof(ReliablePublisherOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Select(property => property.Name).Except(unbounded);
        Assert.Empty(bounded.Except(Refused.Select(row => row.Data.Item1)));
    }

    [Fact]
    public void Who_only_accepts_needs_no_broker() => OptionsValidator.Validate(Valid with { AcceptOnly = true, Mqtt = null });

    [Fact]
    public void Missing_options_are_refused() => Assert.Throws<ArgumentNullException>(() => OptionsValidator.Validate(null!));

    [Fact]
    public void The_defaults_are_the_documented_ones_and_valid()
    {
        OptionsValidator.Validate(Valid);
        Assert.Equal(TimeSpan.FromDays(7), Valid.SessionExpiry);
        Assert.Equal(256, Valid.MaxInFlight);
        Assert.Equal(20, Valid.MaxInFlightMqtt311);
        Assert.Equal(TimeSpan.FromSeconds(30), Valid.AckTimeout);
        Assert.Equal(TimeSpan.FromSeconds(60), Valid.ConfirmTimeout);
        Assert.Equal(TimeSpan.FromSeconds(30), Valid.ConnectTimeout);
        Assert.Equal(TimeSpan.FromSeconds(0.5), Valid.MinBackoff);
        Assert.Equal(TimeSpan.FromSeconds(30), Valid.MaxBackoff);
        Assert.Equal(5, Valid.MaxAttempts);
        Assert.Equal(SessionLossPolicy.Republish, Valid.SessionLossPolicy);
        Assert.Equal(PublishOrdering.Strict, Valid.Ordering);
        Assert.Equal(TimeSpan.FromSeconds(10), Valid.LeaseDuration);
        Assert.Equal(TimeSpan.FromHours(1), Valid.DeduplicationWindow);
        Assert.Equal(1_000_000, Valid.MaxPending);
        Assert.Equal(512L * 1024 * 1024, Valid.MaxPendingBytes);
        Assert.Equal(256 * 1024, Valid.MaxPayloadSize);
        Assert.Equal(10_000, Valid.MaxDeadLetters);
        Assert.Equal(TimeSpan.FromDays(14), Valid.DeadLetterRetention);
        Assert.Equal(TimeSpan.FromSeconds(10), Valid.ShutdownTimeout);
        Assert.Equal(TimeSpan.FromMinutes(5), Valid.FaultedRetryInterval);
        Assert.Equal(OverflowPolicy.Wait, Valid.Overflow);
        Assert.Equal(TimeSpan.Zero, Valid.LedgerStartTimeout);
        Assert.False(Valid.RequireDurableLedger);
        Assert.False(Valid.AcceptOnly);
        Assert.Null(Valid.LoggerFactory);
        Assert.Null(Valid.ConfigureClient);
        Assert.Same(TimeProvider.System, Valid.TimeProvider);
    }
}
