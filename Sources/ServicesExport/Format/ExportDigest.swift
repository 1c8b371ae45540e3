import Crypto
public import FoundationEssentials
import Text

/// The SHA-256 of an export's bytes: its identity in HTTP, on disk and in the logs.
public struct ExportDigest: Sendable, Hashable {
    /// 32 bytes.
    public let bytes: [UInt8]

    /// The digest of an export.
    public init(of export: some DataProtocol) {
        bytes = Array(SHA256.hash(data: export))
    }

    /// Reads an ETag in the form of `etag`; `nil` for any other form, including weak ones.
    public init?(etag: String) {
        let characters = Array(etag.utf8)
        guard characters.count == 66, characters.first == 0x22, characters.last == 0x22 else { return nil }
        var bytes = [UInt8]()
        for index in stride(from: 1, to: 65, by: 2) {
            guard let high = Self.hexDigit(characters[index]), let low = Self.hexDigit(characters[index + 1])
            else { return nil }
            bytes.append(high << 4 | low)
        }
        self.bytes = bytes
    }

    /// Reads the `sha-256` member of a Content-Digest field (RFC 9530, RFC 8941 dictionary); `nil` if there is no
    /// valid one.
    public init?(contentDigest field: String) {
        for member in field.splitBytes(",", omittingEmpty: true) {
            let parts = member.withoutSurroundingSpace.splitBytes("=", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "sha-256" else { continue }
            let bare = parts[1].splitBytes(";", maxSplits: 1)[0].withoutSurroundingSpace
            guard bare.utf8.count >= 2, bare.hasBytePrefix(":"), bare.hasByteSuffix(":"),
                let data = Data(base64Encoded: String(Substring(bare.utf8.dropFirst().dropLast()))), data.count == 32
            else { return nil }
            bytes = Array(data)
            return
        }
        return nil
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String { bytes.hexadecimal }

    /// The first 12 digits, for people.
    public var short: String { String(hex.prefix(12)) }

    /// The strong ETag: `hex` in double quotes.
    public var etag: String { "\"\(hex)\"" }

    /// The Content-Digest field: `sha-256=:base64:` (RFC 9530).
    public var contentDigest: String { "sha-256=:\(Data(bytes).base64EncodedString()):" }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}

extension ExportDigest: CustomStringConvertible {
    /// `hex`.
    public var description: String { hex }
}
