package import Cloud
import Glibc
import ServiceSupport
import Text

/// The command that builds a version, with all of its environment. It says what is run, whoever runs it.
package struct BuildCommand: Sendable {
    /// The program as it is written, and its arguments.
    package let words: [String]
    /// Ascending by name.
    package let environment: [(name: String, value: String)]
    private let path: String

    private static let usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// - Parameters:
    ///   - path, home, temporary: `PATH`, `HOME` and `TMPDIR` unless the settings have others; `nil`: the usual `PATH`, and
    ///     none of the others.
    package init(
        _ settings: BuildSection.Settings, _ version: VersionName, path: String?, home: String?, temporary: String?
    ) {
        words = settings.command
        var variables: [String: String] = ["PATH": path ?? Self.usualPath, "LANG": "C.UTF-8"]
        variables["HOME"] = home
        variables["TMPDIR"] = temporary
        for variable in settings.environment { variables[variable.name] = variable.value }
        variables["PORTCULLIS_TYPE"] = version.type
        variables["PORTCULLIS_VERSION"] = version.name
        variables["PORTCULLIS_VARIANT"] = version.variant
        self.path = variables["PATH"] ?? ""
        environment = variables.sorted { ExactText($0.key) < ExactText($1.key) }.map { ($0.key, $0.value) }
    }

    /// Where the program is, as a shell finds it in a directory.
    ///
    /// - Throws: `MissingProgram`.
    package func program(in directory: String) throws(MissingProgram) -> String {
        let name = words[0]
        guard !name.hasByte("/") else {
            let place = Self.path(name, in: directory)
            guard access(place, F_OK) == 0 else { throw MissingProgram(name: name, places: directory, isInPath: false) }
            return place
        }
        let folders = path.splitBytes(":").map { String($0) }
        let places = folders.map { Self.path($0.isEmpty ? name : "\($0)/\(name)", in: directory) }
        guard let found = places.first(where: { access($0, X_OK) == 0 && FileKind(of: $0) == .regularFile }) else {
            throw MissingProgram(name: name, places: path, isInPath: true)
        }
        return found
    }

    private static func path(_ path: String, in directory: String) -> String {
        path.hasBytePrefix("/") ? path : "\(directory)/\(path)"
    }
}

/// A program that is not there.
package struct MissingProgram: Error, Sendable, Hashable, CustomStringConvertible {
    package let name: String
    /// Where it was looked for: a directory, or a `PATH`.
    package let places: String
    package let isInPath: Bool

    package var description: String { "there is no program \(name.printed())" }

    /// Where it was looked for, as a sentence.
    package var hint: String { "It is looked for in \(isInPath ? "PATH=" : "")\(places.printable)." }
}
