/// The version in `--version` of every program.
public enum ProgramVersion {
    public static let text = "0.1.0"
}
