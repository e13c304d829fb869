namespace ReliableMqtt.Mqtt;

/// <summary>For tasks that nobody awaits, or not to their end: their failure is handled where it happens and must not surface as unobserved.</summary>
internal static class Background
{
    public static void Observe(Task task) => task.ContinueWith(
        static failed => _ = failed.Exception, CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
