/// What `--version` of every program says.
public enum Release {
    public static let version = "0.1.0"
}
