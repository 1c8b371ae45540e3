import Registry
import Text

/// The target of a request in the form for the log: printable ASCII, of limited length, without secrets. A client
/// must not be able to write lines of its own, and a reader of the log must not get a token that somebody put into a
/// URL.
enum LoggedTarget {
    /// The greatest number of bytes that are shown.
    private static let longest = 200
    private static let mask = "***"

    /// The path, and the parameters of the query that the route knows. The values of other parameters, and all
    /// tokens, are masked.
    ///
    /// - Parameter known: the names of the route's query parameters.
    static func text(_ target: String, known: [String] = []) -> String {
        let parts = target.splitBytes("?", maxSplits: 1)
        var shown = String(parts[0])
        if parts.count == 2 {
            let pairs = parts[1].splitBytes("&", omittingEmpty: true).map { pair in
                let parts = pair.splitBytes("=", maxSplits: 1)
                guard !known.contains(where: { parts[0].isExactly($0) }) else { return String(pair) }
                return parts.count == 2 ? parts[0] + "=" + mask : mask
            }
            shown += "?" + pairs.joined(separator: "&")
        }
        return printable(withoutTokens(shown))
    }

    private static func printable(_ text: String) -> String {
        let bytes = text.utf8.prefix(longest).map { $0 > 0x20 && $0 < 0x7F ? $0 : UInt8(ascii: "?") }
        return String(decoding: bytes, as: UTF8.self) + (text.utf8.count > longest ? "..." : "")
    }

    /// Masks whatever follows a token's prefix, even if its bytes are percent-encoded.
    private static func withoutTokens(_ text: String) -> String {
        let prefix = Array(BearerToken.prefix.utf8)
        let units = units(of: Array(text.utf8))
        var masked: [UInt8] = []
        var index = 0
        while index < units.count {
            guard units[index...].lazy.map(\.byte).starts(with: prefix) else {
                masked += units[index].written
                index += 1
                continue
            }
            masked += prefix + mask.utf8
            index += prefix.count
            while index < units.count, isDigit(units[index].byte) { index += 1 }
        }
        return String(decoding: masked, as: UTF8.self)
    }

    /// The bytes of a percent-encoded text, each with its encoded form.
    private static func units(of bytes: [UInt8]) -> [(byte: UInt8, written: ArraySlice<UInt8>)] {
        var units: [(UInt8, ArraySlice<UInt8>)] = []
        var index = 0
        while index < bytes.count {
            var end = index + 1
            var byte = bytes[index]
            if byte == UInt8(ascii: "%"), index + 2 < bytes.count,
                let code = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
            {
                byte = code
                end = index + 3
            }
            units.append((byte, bytes[index..<end]))
            index = end
        }
        return units
    }

    /// Whether a byte can be part of a token.
    private static func isDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "_")
    }
}
