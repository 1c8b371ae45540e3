import Glibc

/// Messages of the master in the service's log: standard error, unless the master writes the log by itself.
enum Log {
    /// The log that the master writes. Only the master's one thread uses it.
    nonisolated(unsafe) static var own: ServiceLog?

    static func say(_ text: String) {
        let line = Array("portcullis-master: \(text)\n".utf8)
        if let own { return own.say(line) }
        // There is nowhere to say that it could not be said.
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// What the C library calls an error.
    static func text(_ number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        strerror_r(number, &buffer, buffer.count)
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
