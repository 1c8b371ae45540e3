import Crypto
import Text

/// What tells crashes of one cause from others, across versions and servers: how it ended, and the innermost functions of
/// the program itself.
package struct CrashFingerprint: Sendable, Hashable, CustomStringConvertible {
    /// 16 hexadecimal digits.
    package let description: String

    /// The functions that count.
    private static let frames = 5

    /// The fingerprint of a dumped crash.
    ///
    /// - Parameters:
    ///   - end: how it ended: `crashed 11`, `hung`.
    ///   - isOwn: whether a module is part of the version, not of the system.
    package init(_ end: String, _ dumped: [DumpOutput.Frame], isOwn: (String) -> Bool) {
        let own = dumped.filter { $0.module.map(isOwn) ?? false }
        let chosen = (own.isEmpty ? dumped : own).prefix(Self.frames)
        self.init([end] + chosen.map { $0.function ?? "\(Self.name($0.module))+?" })
    }

    /// The fingerprint of a crash without a dump.
    ///
    /// - Parameter place: what is known of where it was.
    package init(_ end: String, program: String, place: String?) {
        self.init([end, Self.name(program), place ?? ""])
    }

    private init(_ parts: [String]) {
        var hash = SHA256()
        // No part can be taken for two.
        for part in parts { hash.update(data: Array(part.utf8) + [0]) }
        description = hash.finalize().prefix(8).hexadecimal
    }

    private static func name(_ path: String?) -> String {
        guard let path else { return "?" }
        return String(path.splitBytes("/").last ?? "")
    }
}
