package import Cloud
import Names
import Text
import YAML

/// How one type is built on this server: an entry of `builds` in node.yaml, and nothing that ADMIN says.
package struct BuildEntry: Sendable, Hashable {
    /// The directory in which the command runs.
    package var source: String
    /// The user as which it runs; `nil`: the agent's own, who is not root then.
    package var user: String?
    /// Seconds after which it is ended.
    package var timeout: Int
    /// The command, its environment, and the directory of its results, by variant.
    package var section: BuildSection

    private static let times = 1...86_400
    private static let usualTime = 1_800

    /// Reads an entry; `nil` after a fault, which is reported.
    ///
    /// - Parameter allowed: `allow-users`.
    static func read(
        _ node: YAMLNode, _ allowed: Set<ExactText>, _ diagnostics: inout YAMLDiagnostics
    ) -> BuildEntry? {
        let keys = ["source", "user", "timeout"]
        guard let section = BuildSection.read(node, beside: keys, &diagnostics),
            let mapping = diagnostics.attempt({ () throws(YAMLError) in try node.mapping("how a type is built") })
        else { return nil }
        let source = diagnostics.required("source", of: mapping) { node throws(YAMLError) in
            let path = try node.string("the path of a directory")
            guard path.hasBytePrefix("/") else {
                throw YAMLError(node.position, "\(path.printed()) is no absolute path of a directory")
            }
            return path
        }
        let user = diagnostics.optional(mapping["user"]) { node throws(YAMLError) in
            let name = try node.string("the name of a user")
            if let problem = UserName.problem(with: name) {
                throw YAMLError(node.position, "\(name.printed()) \(problem)")
            }
            // exact: nothing else is equal to ASCII letters
            guard !name.isExactly("root") || allowed.contains("root") else {
                throw YAMLError(node.position, "nothing is built as root unless allow-users has root, too")
            }
            return name
        }
        let timeout = diagnostics.optional(mapping["timeout"]) { node throws(YAMLError) in
            try node.seconds("a time", in: times)
        }
        guard !section.main.command.isEmpty else {
            diagnostics.report(node.position, "\"command\" is missing: what builds the type")
            return nil
        }
        guard let source else { return nil }
        return BuildEntry(source: source, user: user, timeout: timeout ?? usualTime, section: section)
    }
}
