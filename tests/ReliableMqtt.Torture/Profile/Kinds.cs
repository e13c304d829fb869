namespace ReliableMqtt.Torture.Profile;

/// <summary>The kinds of faults.</summary>
internal static class Kinds
{
    public const string Kill = "publisher SIGKILL", PowerCut = "power cut", Cut = "TCP cut", Blackhole = "blackhole", Pause = "publisher SIGSTOP", RedisCut = "TCP cut to Redis";
    public const string SessionLoss = "session lost (SP=0)", Answers = "broker answers";
    public const string BrokerTerm = "broker SIGTERM", BrokerPause = "broker SIGSTOP", BrokerKill = "broker SIGKILL";
    public const string RedisTerm = "Redis SIGTERM", RedisKill = "Redis SIGKILL", RedisTorn = "Redis SIGKILL, torn AOF tail", RedisPause = "Redis SIGSTOP";
}
