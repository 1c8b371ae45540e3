import Text

/// What a worker says on its notification socket (sd_notify(3)).
package struct NotifyMessage: Sendable, Equatable {
    /// The longest status that is kept, in bytes.
    package static let longestStatus = 256

    package var isReady = false
    package var isAlive = false
    /// WATCHDOG=trigger: it says itself that it hangs.
    package var hangs = false
    package var isReloading = false
    package var isStopping = false
    package var status: String?

    package init() {}

    /// Reads the lines of a datagram; what the master does not use is left out.
    package init(_ bytes: some Collection<UInt8>) {
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let text = String(decoding: line, as: UTF8.self)
            if text.isExactly("READY=1") {
                isReady = true
            } else if text.isExactly("WATCHDOG=1") {
                isAlive = true
            } else if text.isExactly("WATCHDOG=trigger") {
                hangs = true
            } else if text.isExactly("RELOADING=1") {
                isReloading = true
            } else if text.isExactly("STOPPING=1") {
                isStopping = true
            } else if text.hasBytePrefix("STATUS=") {
                status = Self.cut(String(text.utf8.dropFirst(7)) ?? "")
            }
        }
    }

    /// The text up to its last whole code point within the limit, safe to show.
    private static func cut(_ text: String) -> String {
        var length = 0
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            length += scalar.utf8.count
            guard length <= longestStatus else { break }
            result.append(scalar.isDeceptive ? "?" : scalar)
        }
        return String(result)
    }
}
