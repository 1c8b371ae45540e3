package import ServiceSupport
import Text

/// The source of the bearer token for ADMIN.
package enum TokenSource: Sendable {
    /// There is no token.
    case absent
    case value(String)
    /// A file, which is read again when it has changed, and when ADMIN refuses the token.
    case file(RenewedFile<String>)

    /// The token in a file, which contains nothing else.
    /// - Throws: if the file cannot be read, or contains no token.
    package static func reading(_ path: String) throws(FileError) -> Self {
        .file(
            try RenewedFile("read token", path) { (bytes) throws(FileError) in try token(in: bytes, of: path) })
    }

    /// Like `reading`, if the token was already read.
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

    /// The path of the file, for messages; `nil` if the token is in no file.
    package var path: String? {
        if case .file(let file) = self { file.path } else { nil }
    }

    /// Why a previous token is still in use although the file has changed.
    package var problem: String? {
        if case .file(let file) = self { file.problem } else { nil }
    }

    /// The present token. Cost: one system call if it is in a file.
    func current() -> String? {
        switch self {
        case .absent: nil
        case .value(let token): token
        case .file(let file): file.current()
        }
    }

    /// The token in the file, if it differs from the one that ADMIN refused.
    func renewed(after refused: String?) -> String? {
        guard case .file(let file) = self else { return nil }
        let token = file.read()
        return refused.map { token.isExactly($0) } ?? false ? nil : token
    }
}
