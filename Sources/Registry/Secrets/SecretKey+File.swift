import Cloud
import Crypto
import Foundation
import ServiceSupport
import Text

extension SecretKey {
    /// Reads a key file: 32 bytes in Base64, readable only by its owner. While the key is being replaced there are
    /// several, one on a line: the first encrypts.
    ///
    /// Throws `SettingsError` with the file and what is wrong with it.
    public static func load(_ path: String) throws -> SecretKey {
        guard let key = SecretKey(try keys(in: path)) else {
            throw SettingsError("the key for secrets \(path) does not hold \(size) bytes in Base64")
        }
        return key
    }

    /// The keys in a file, in order.
    package static func keys(in path: String) throws -> [[UInt8]] {
        let text: String
        do {
            try checkRights(path)
            text = try TextFile.read(path)
        } catch let error as FileError {
            throw SettingsError("the key for secrets \(error)")
        }
        let lines = text.splitBytes("\n").enumerated().map { ($0.offset + 1, $0.element.withoutSurroundingSpace) }
        let keys = try lines.filter { !$0.1.isEmpty }.map { line, word in
            guard let bytes = Data(base64Encoded: String(word)), bytes.count == size else {
                let place = lines.count > 2 ? ":\(line)" : ""
                throw SettingsError("the key for secrets \(path)\(place) does not hold \(size) bytes in Base64")
            }
            return Array(bytes)
        }
        return keys
    }

    /// A new key.
    package static func random() -> [UInt8] { SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) } }

    /// The text of a key file.
    package static func text(of keys: [[UInt8]]) -> String {
        keys.map { Data($0).base64EncodedString() + "\n" }.joined()
    }

    /// Creates a file with a new key. Throws `SettingsError` if the file exists, which is left unchanged.
    public static func make(_ path: String) throws {
        do {
            try TextFile.make(text(of: [random()]), at: path, mode: 0o600)
        } catch {
            throw SettingsError("the key for secrets \(error)")
        }
    }

    private static func checkRights(_ path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileError(path: path, reason: FileError.reason(errno)) }
        let mode = status.st_mode & 0o777
        guard mode & 0o077 == 0 else {
            throw FileError(
                path: path, reason: "others may use it (mode \(String(mode, radix: 8))): chmod 600 \(path)")
        }
        guard status.st_uid == geteuid() || geteuid() == 0 else {
            throw FileError(path: path, reason: "it belongs to another user")
        }
    }
}

extension Registry {
    /// Throws `SettingsError` with the names of secrets that the key does not open. Opens each secret.
    public func checkSecrets(_ key: SecretKey?) async throws {
        let secrets = try await state().cloud.secrets.values
        guard !secrets.isEmpty else { return }
        guard let key else {
            throw SettingsError("the registry holds secrets, and there is no key for them: set secrets-key")
        }
        let closed = secrets.filter { key.open($0) == nil }.map(\.name).sorted()
        guard closed.isEmpty else {
            let rest = closed.count > 5 ? " and \(closed.count - 5) more" : ""
            throw SettingsError(
                "the key that secrets-key names does not open these of the registry's \(secrets.count) secrets: "
                    + closed.prefix(5).joined(separator: ", ") + rest)
        }
    }
}
