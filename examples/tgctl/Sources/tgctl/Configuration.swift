import Glibc

/// What the configuration file says: `channels:`, and below it a name and a port of the device gateway in each line.
struct Configuration: Sendable, Equatable {
    struct Channel: Sendable, Equatable {
        var name: String
        var port: Int
    }

    var channels: [Channel] = []

    init() {}

    /// Reads it as a whole, or not at all.
    init(contentsOf path: String) throws(ConfigurationError) {
        guard let file = fopen(path, "r") else {
            throw ConfigurationError("\(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = getc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        try self.init(text: String(decoding: bytes, as: UTF8.self), path: path)
    }

    /// ADMIN writes YAML of a simple kind, of which these are the only lines that tgctl is interested in.
    private init(text: String, path: String) throws(ConfigurationError) {
        var isInChannels = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard line.hasPrefix("  ") else {
                isInChannels = line == "channels:"
                continue
            }
            guard isInChannels else { continue }
            let parts = line.dropFirst(2).split(separator: ": ", maxSplits: 1)
            guard parts.count == 2, let port = Int(parts[1]), (1...65_535).contains(port) else {
                throw ConfigurationError(
                    "\(path):\(index + 1): a channel is a name and a port from 1 to 65535, not \"\(line)\"")
            }
            channels.append(Channel(name: String(parts[0]), port: port))
        }
    }
}

/// Why a configuration cannot be used.
struct ConfigurationError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
