#pragma warning disable
namespace ReliableMqtt { internal static class OptionsValidator { public static void Validate(ReliablePublisherOptions o) { } } internal static class MessageValidator { public static void Validate(PublishMessage m, int i, bool b) { } } }
