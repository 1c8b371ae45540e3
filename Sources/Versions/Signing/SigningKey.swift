import Crypto
import Foundation
import Glibc
package import ServiceSupport
import SystemPackage

/// The key that signs versions (Ed25519). ADMIN and builders never have it.
package struct SigningKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey
    package let description: KeyDescription

    /// A new key.
    package init(description: KeyDescription) {
        key = Curve25519.Signing.PrivateKey()
        self.description = description
    }

    package var publicKey: PublicKey { PublicKey(key.publicKey) }

    /// What others get.
    package var publicFile: PublicKeyFile { PublicKeyFile(key: publicKey, description: description) }

    /// Reads a key's file, on which nobody but its owner may have any right.
    package init(reading path: String) throws(FileError) {
        let content = try KeyFileContent(reading: path, .private, isPrivate: true)
        guard let bytes = Base64.bytes(content.key), bytes.count == 32,
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
        else { throw content.fault("\"key\" is no private key") }
        self.key = key
        description = content.description
    }

    /// Writes a new file with mode 0600; a file of the name that is there already stays as it is.
    package func write(_ path: String) throws(FileError) {
        try Self.write(
            KeyFileContent.bytes(.private, Base64.text(Array(key.rawRepresentation)), description), path, mode: 0o600)
    }

    /// Writes the public key's file, unless there is a file of the name.
    package func writePublic(_ path: String) throws(FileError) { try Self.write(publicFile.bytes, path, mode: 0o644) }

    private static func write(_ bytes: [UInt8], _ path: String, mode: UInt32) throws(FileError) {
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            throw errno == EEXIST
                ? FileError("write", path, reason: "is there already, and a key is never overwritten")
                : FileError("write", path, errno: Errno(rawValue: errno))
        }
        let file = FileDescriptor(rawValue: descriptor)
        do {
            try file.closeAfter {
                _ = fchmod(descriptor, mode)
                try file.writeAll(bytes)
                guard fsync(descriptor) == 0 else { throw Errno(rawValue: errno) }
            }
        } catch {
            unlink(path)
            throw FileError("write", path, errno: error as? Errno)
        }
    }

    /// Signs the exact bytes of a manifest. Cost: linear.
    package func sign(manifest bytes: [UInt8]) throws -> ManifestSignature {
        let signature = try key.signature(for: ManifestSignature.message(bytes))
        return ManifestSignature(keyID: publicKey.id, bytes: Array(signature))
    }
}
