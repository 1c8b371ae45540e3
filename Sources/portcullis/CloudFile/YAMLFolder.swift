import Text

/// The YAML files directly in a directory.
struct YAMLFolder {
    /// The paths of the `*.yaml` and `*.yml` files, sorted by name. Hidden files are ignored.
    let files: [String]
    /// The paths of what else is in the directory and not hidden, sorted by name.
    let others: [String]
    /// The directory with a slash at the end.
    let path: String

    /// `nil` if the path is no directory.
    /// - Parameter list: returns the names in a directory; `nil` if the path is no directory.
    init?(_ path: String, list: (String) -> [String]?) {
        guard let names = list(path) else { return nil }
        let directory = path.hasByteSuffix("/") ? path : path + "/"
        let visible = names.filter { !$0.hasBytePrefix(".") }
        files = visible.filter(Self.isYAML).map { directory + $0 }
        others = visible.filter { !Self.isYAML($0) }.map { directory + $0 }
        self.path = directory
    }

    private static func isYAML(_ name: String) -> Bool { name.hasByteSuffix(".yaml") || name.hasByteSuffix(".yml") }
}
