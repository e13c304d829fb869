namespace ReliableMqtt.IntegrationTests.Oracle;

/// <summary>The audit of the wire finds what breaks a rule, calls it by its row, and has nothing to say about the rest.</summary>
public sealed class WireAuditTests
{
    [Theory]
    [MemberData(nameof(Breaking))]
    public void A_broken_rule_is_found_by_its_row(int row, int number)
    {
        var problem = Assert.Single(WireAudit.Find(WireScripts.Breaking[number].Wire.Packets));
        Assert.True(row == problem.Row, problem.ToString());
    }

    [Theory]
    [MemberData(nameof(Keeping))]
    public void A_kept_rule_is_no_problem(int row, int number)
    {
        var problems = WireAudit.Find(WireScripts.Keeping[number].Wire.Packets);
        Assert.True(problems.Count == 0, $"row {row}: {string.Join('\n', problems)}");
    }

    [Fact]
    public void Each_row_of_the_audit_has_a_wire_that_breaks_it_and_one_that_keeps_it()
    {
        Assert.Equal(WireAudit.Rows, WireScripts.Breaking.Select(script => script.Row).Distinct());
        Assert.Equal(WireAudit.Rows, WireScripts.Keeping.Select(script => script.Row).Distinct());
    }

    [Theory]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(11)]
    public void What_counts_as_finished_must_have_its_last_ack(int row)
    {
        var wire = new WireScript().Connect().Whole(6, "whole").Publish(7, "a", qos: row == 8 ? 1 : 2);
        if (row == 11) wire.PubRec(7).PubRel(7);
        Assert.Empty(WireAudit.Find(wire.Packets));
        Assert.Equal(row, Assert.Single(WireAudit.Find(wire.Packets, finished: true)).Row);
        if (row == 8) wire.PubAck(7);
        else if (row == 9) wire.PubRec(7, 0x80);
        else wire.PubComp(7);
        Assert.Empty(WireAudit.Find(wire.Packets, finished: true));
    }

    [Fact]
    public void Sessions_are_kept_apart_by_client_id()
    {
        var wire = new WireScript().Connect().Publish(7, "a").Connect(clientId: "another").Publish(7, "b");
        Assert.Empty(WireAudit.Find(wire.Packets));
    }

    [Fact]
    public void An_ack_that_was_stopped_does_not_count()
    {
        var wire = new WireScript().Connect().Publish(7, "a", qos: 1).PubAck(7).Stopped().Publish(7, "b", qos: 1);
        Assert.Equal(1, Assert.Single(WireAudit.Find(wire.Packets)).Row);
    }

    [Fact]
    public void A_lost_session_that_the_client_may_not_have_read_of_is_no_reason_to_blame_it()
    {
        // The CONNACK of the second connection was cut off: what the client resends on the third is right as far as it knows.
        var resent = new WireScript().Connect().Publish(7, "a").PubRec(7).Connect().Resume().PubRel(7);
        Assert.Empty(WireAudit.Find(resent.Packets));
        var anew = new WireScript().Connect().Publish(7, "a").Connect().Resume().Publish(8, "a");
        Assert.Empty(WireAudit.Find(anew.Packets));
    }

    [Fact]
    public void The_window_of_the_publisher_counts_where_the_broker_states_none()
    {
        var wire = new WireScript().Connect().Publish(7, "a").Publish(8, "b");
        Assert.Equal(23, Assert.Single(WireAudit.Find(wire.Packets, receiveMaximum: 1)).Row);
    }

    public static IEnumerable<TheoryDataRow<int, int>> Breaking() => WireScripts.Breaking.Select((script, number) => new TheoryDataRow<int, int>(script.Row, number));

    public static IEnumerable<TheoryDataRow<int, int>> Keeping() => WireScripts.Keeping.Select((script, number) => new TheoryDataRow<int, int>(script.Row, number));
}
