using Microsoft.Extensions.Time.Testing;
using ReliableMqtt.Mqtt;

namespace ReliableMqtt.Tests.Mqtt;

// Row 34 of the conformance checklist, and the half-open link that MQTTnet does not notice while it publishes.
public sealed class KeepAliveTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly KeepAlive _keepAlive;
    private int _pings;
    private int _ends;

    public KeepAliveTests() => _keepAlive = new KeepAlive(_time, TimeSpan.FromSeconds(60), () => _pings++, () => _ends++);

    public void Dispose() => _keepAlive.Dispose();

    private void Advance(int seconds, Action? each = null)
    {
        for (var i = 0; i < seconds; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            each?.Invoke();
        }
    }

    [Fact]
    [Conformance(34)]
    public void It_pings_when_nothing_was_sent_for_three_quarters()
    {
        Advance(44, _keepAlive.OnReceived);
        Assert.Equal(0, _pings);
        Advance(2, _keepAlive.OnReceived);
        Assert.Equal(1, _pings);
    }

    [Fact]
    [Conformance(34)]
    public void It_pings_when_nothing_was_received_for_a_period_although_much_is_sent()
    {
        Advance(59, _keepAlive.OnSent);
        Assert.Equal(0, _pings);
        Advance(2, _keepAlive.OnSent);
        Assert.Equal(1, _pings);
    }

    [Fact]
    public void A_busy_link_in_both_directions_needs_no_ping()
    {
        Advance(600, () =>
        {
            _keepAlive.OnSent();
            _keepAlive.OnReceived();
        });
        Assert.Equal(0, _pings);
    }

    [Fact]
    public void A_pingresp_that_does_not_come_ends_the_connection_after_10_s()
    {
        Advance(46, _keepAlive.OnSent);
        Advance(15, _keepAlive.OnSent);
        Assert.Equal(1, _pings);
        Advance(8, _keepAlive.OnSent);
        Assert.Equal(0, _ends);
        Advance(3, _keepAlive.OnSent);
        Assert.True(_ends > 0);
        Assert.Equal(1, _pings);
    }

    [Fact]
    public void A_short_period_waits_half_of_it()
    {
        var ends = 0;
        using var keepAlive = new KeepAlive(_time, TimeSpan.FromSeconds(4), () => { }, () => ends++);
        for (var i = 0; i < 4; i++) _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, ends);
        for (var i = 0; i < 2; i++) _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(ends > 0);
    }

    [Fact]
    public void A_pong_and_traffic_begin_a_new_count()
    {
        Advance(46);
        Assert.Equal(1, _pings);
        _keepAlive.OnSent();
        _keepAlive.OnPong();
        _keepAlive.OnReceived();
        Advance(44);
        Assert.Equal(1, _pings);
        Advance(2);
        Assert.Equal(2, _pings);
        Assert.Equal(0, _ends);
    }

    [Fact]
    public void Nothing_happens_after_the_end()
    {
        _keepAlive.Dispose();
        Advance(600);
        Assert.Equal((0, 0), (_pings, _ends));
    }
}
