namespace OrdersApi.Demo;

/// <summary>What a process does for the demo besides its work: it says where it listens, and ends with the demo.</summary>
public static class DemoChild
{
    public const string Listening = "listening ";

    public static WebApplication InDemo(this WebApplication app)
    {
        if (app.Configuration["Telemetry"] != SpanLines.Name) return app;
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            Console.WriteLine(Listening + app.Urls.First());
            // The standard input is a pipe from the demo: it ends when the demo wants this process to stop, or has died.
            _ = Task.Run(async () =>
            {
                await Console.In.ReadToEndAsync();
                app.Lifetime.StopApplication();
            });
        });
        return app;
    }
}
