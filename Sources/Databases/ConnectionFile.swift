package import DatabasePatches
import Glibc
import ServiceSupport
import SystemPackage
import Text

/// Where the database is and with which password: a secret, which is read from a file and is in no message.
package struct ConnectionFile: Sendable {
    package let engine: DatabaseEngine
    /// PostgreSQL's connection string, or the path of SQLite's file.
    let target: String

    private static let largest = 1 << 16

    /// Reads the file: one line, `postgresql://…`, `host=… dbname=…` or `sqlite:PATH`.
    /// - Throws: `DatabaseError` if others may read the file, or it has something else.
    package init(_ path: String) throws(DatabaseError) {
        let text: String
        do throws(FileError) { text = try Self.read(path) } catch { throw DatabaseError(.file, "\(error)") }
        guard !text.isEmpty, !text.hasByte("\n"), !text.hasByte("\0") else {
            throw DatabaseError(.file, "\(path.printable): is not one line with the connection of a database")
        }
        if text.hasBytePrefix("sqlite:") {
            var file = Substring(text.utf8.dropFirst(7))
            if file.hasBytePrefix("//") { file = file.dropFirst(2) }
            guard !file.isEmpty else {
                throw DatabaseError(.file, "\(path.printable): after sqlite: comes the path of the file")
            }
            (engine, target) = (.sqlite, String(file))
        } else if text.hasBytePrefix("postgresql://") || text.hasBytePrefix("postgres://") || text.hasByte("=") {
            (engine, target) = (.postgresql, text)
        } else {
            throw DatabaseError(
                .file, "\(path.printable): begins with none of postgresql://, a keyword as in host=, and sqlite:")
        }
    }

    private static func read(_ path: String) throws(FileError) -> String {
        let file: FileDescriptor
        do throws(InputFileError) { file = try InputFile.open(path) } catch {
            throw FileError(path: path, reason: error.reason)
        }
        defer { try? file.close() }
        var status = stat()
        guard fstat(file.rawValue, &status) == 0 else { throw FileError(path: path, errno: errno) }
        guard status.st_mode & 0o077 == 0 else {
            throw FileError(
                path: path,
                reason:
                    "others may use this secret (mode 0\(String(status.st_mode & 0o777, radix: 8))): chmod 600 it, and "
                    + "change the password if somebody else may have read it")
        }
        guard status.st_uid == geteuid() || geteuid() == 0 else {
            throw FileError(path: path, reason: "belongs to another user")
        }
        var bytes = [UInt8](repeating: 0, count: largest + 1)
        let count = bytes.withUnsafeMutableBytes { Glibc.read(file.rawValue, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw FileError(path: path, errno: errno) }
        guard count <= largest else { throw FileError(path: path, reason: "is too long for a connection") }
        guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
            throw FileError(path: path, reason: "is not UTF-8 text")
        }
        return String(text.withoutSurroundingSpace)
    }
}
