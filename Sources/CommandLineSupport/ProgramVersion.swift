/// What `--version` of every program says.
public enum ProgramVersion {
    public static let text = "0.1.0"
}
