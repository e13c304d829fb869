namespace ReliableMqtt.Sqlite.Storage;

/// <summary>
/// Room that is kept for a full disk: a file of zeros beside the database. When nothing else is left it is deleted, so that what only drains goes on: bringing the log into the database may need as much
/// as the log has, and then the log is used again from its start. Before there is room for it again, nothing new is taken.
/// </summary>
internal sealed class ReserveFile(string database)
{
    /// <summary>As long as the log becomes, as a rule.</summary>
    public const int Bytes = 4 << 20;

    private readonly string _path = database + ".reserve";

    /// <summary>It is there, or could be made.</summary>
    public bool IsKept()
    {
        if (File.Exists(_path)) return true;
        var isMine = false;
        try
        {
            using var file = new FileStream(_path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            isMine = true;
            var zeros = new byte[64 * 1024];
            for (var written = 0; written < Bytes; written += zeros.Length) file.Write(zeros);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another one may have been quicker; a part of it is of no use.
            if (isMine) TryGiveUp();
            return !isMine && File.Exists(_path);
        }
    }

    /// <summary>Gives the room to the database.</summary>
    /// <returns>False when there was none.</returns>
    public bool TryGiveUp()
    {
        if (!File.Exists(_path)) return false;
        try
        {
            File.Delete(_path);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
