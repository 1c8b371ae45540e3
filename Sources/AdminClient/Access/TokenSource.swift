package import ServiceSupport
import Text

/// Where the bearer token comes from that is shown to ADMIN.
package enum TokenSource: Sendable {
    /// ADMIN is asked without one.
    case absent
    case value(String)
    /// Read again when the file is another, and when ADMIN does not know the token.
    case file(RenewedFile<String>)

    /// The token of a file, which holds nothing else.
    /// - Throws: when it cannot be read, or holds no token.
    package static func reading(_ path: String) throws(FileError) -> Self {
        .file(
            try RenewedFile("read token", path) { (bytes) throws(FileError) in try token(in: bytes, of: path) })
    }

    /// As `reading`, where the token was read already.
    package static func renewing(_ token: String, from path: String) -> Self {
        .file(
            RenewedFile("read token", path, value: token) { (bytes) throws(FileError) in
                try Self.token(in: bytes, of: path)
            })
    }

    private static func token(in bytes: [UInt8], of path: String) throws(FileError) -> String {
        do throws(TokenSyntaxError) {
            return try token(in: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw FileError("read token", path, reason: error.description)
        }
    }

    /// The file's path, for messages.
    package var path: String? {
        if case .file(let file) = self { file.path } else { nil }
    }

    /// Why a token before goes on, though the file is another.
    package var problem: String? {
        if case .file(let file) = self { file.problem } else { nil }
    }

    /// The token now; costs one system call where it is in a file.
    func current() -> String? {
        switch self {
        case .absent: nil
        case .value(let token): token
        case .file(let file): file.current()
        }
    }

    /// The token in the file, if it is another than what ADMIN refused.
    func renewed(after refused: String?) -> String? {
        guard case .file(let file) = self else { return nil }
        let token = file.read()
        return refused.map { token.isExactly($0) } ?? false ? nil : token
    }
}
