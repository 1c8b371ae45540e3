import Text

/// A line of a file that belongs to a keepalived configuration.
public struct KeepalivedPlace: Sendable, Hashable, CustomStringConvertible {
    public let file: String
    public let line: Int

    public init(file: String, line: Int) {
        self.file = file
        self.line = line
    }

    /// `keepalived.conf:12`
    public var description: String { "\(file.printable):\(line)" }
}

/// Why a keepalived configuration cannot be read.
public struct KeepalivedError: Error, Sendable, Hashable, CustomStringConvertible {
    public let place: KeepalivedPlace
    public let message: String

    init(_ place: KeepalivedPlace, _ message: String) {
        self.place = place
        self.message = message
    }

    public var description: String { "\(place): \(message)" }
}

/// A keyword that the cloud cannot have, or has otherwise.
public struct KeepalivedNote: Sendable, Hashable, CustomStringConvertible {
    public let place: KeepalivedPlace
    public let keyword: String
    public let reason: String

    /// `keepalived.conf:12: lthreshold: the kernel takes three quarters of uthreshold`
    public var description: String { "\(place): \(keyword.printable): \(reason)" }
}

/// The files that a configuration may include.
public struct KeepalivedFiles {
    /// Why a file cannot be read.
    public struct Fault: Error, Sendable {
        public let reason: String

        public init(reason: String) { self.reason = reason }
    }

    /// The text of a file.
    public var read: (String) -> Result<String, Fault>
    /// The paths that a pattern with wildcards and braces matches, sorted.
    public var matching: (String) -> [String]

    public init(
        read: @escaping (String) -> Result<String, Fault>, matching: @escaping (String) -> [String]
    ) {
        self.read = read
        self.matching = matching
    }
}
