using System.CommandLine;

namespace ReliableMqtt.Benchmarks.Verbs;

/// <summary>--broker.</summary>
internal static class BrokerOption
{
    public static Option<string> Create()
    {
        var option = new Option<string>("--broker") { Description = "mosquitto, null or both.", DefaultValueFactory = _ => "both" };
        option.AcceptOnlyFromAmong("mosquitto", "null", "both");
        return option;
    }
}
