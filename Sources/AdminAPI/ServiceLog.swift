import Names

/// A place in the log of a service on its server. Only the node knows what it means.
public struct LogPosition: Sendable, Hashable {
    /// What tells the file from those before and after it; empty: there was no file.
    public var file: String
    /// Bytes from the beginning of the file.
    public var offset: Int

    public init(file: String, offset: Int) {
        self.file = file
        self.offset = offset
    }

    /// The place of a service that has no log yet.
    public static let none = Self(file: "", offset: 0)

    /// Whether the identity of a file could be one: digits, lower-case letters and full stops.
    package static func isIdentity(_ text: String) -> Bool {
        text.utf8.count <= 80
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: ".")
            }
    }
}

/// What happened to a log before a text of it.
public enum LogBreak: String, Sendable, Hashable, CaseIterable {
    /// It was full and a new one was begun; nothing is missing.
    case rotated
    /// It was made shorter; what was written meanwhile may be missing.
    case truncated
    /// The file that was read last is gone; what was written meanwhile may be missing.
    case replaced
}

/// A log that ADMIN wants a server to send.
public struct LogWish: Sendable, Hashable {
    /// ADMIN's name for it.
    public var stream: String
    public var service: String
    /// How many of the last lines it begins with, where there is no place.
    public var lines: Int
    /// After which place; `nil`: nothing was sent yet.
    public var after: LogPosition?

    public init(stream: String, service: String, lines: Int, after: LogPosition? = nil) {
        self.stream = stream
        self.service = service
        self.lines = lines
        self.after = after
    }
}

/// A piece of a log.
public struct LogPiece: Sendable, Hashable {
    public var stream: String
    /// What it follows, as the wish had it.
    public var after: LogPosition?
    /// Where it ends.
    public var position: LogPosition
    /// What happened to the log before it.
    public var change: LogBreak?
    /// Lines before it that are not sent, because the service writes faster than logs are sent.
    public var lost: Int
    /// At most `Limits.logPiece` bytes; what is no UTF-8 is replaced.
    public var text: String
    /// Whether it ends where the log ends.
    public var isAtEnd: Bool

    public init(
        stream: String, after: LogPosition?, position: LogPosition, change: LogBreak? = nil, lost: Int = 0,
        text: String = "", isAtEnd: Bool
    ) {
        self.stream = stream
        self.after = after
        self.position = position
        self.change = change
        self.lost = lost
        self.text = text
        self.isAtEnd = isAtEnd
    }
}

/// Body of `POST /v1/servers/{server}/logs`: pieces of one or several logs. Without any it asks what is wanted.
public struct LogDelivery: Sendable, Hashable {
    public var pieces: [LogPiece]

    public init(pieces: [LogPiece]) { self.pieces = pieces }
}

/// The answer to a delivery: what is wanted now.
public struct WantedLogs: Sendable, Hashable {
    public var wishes: [LogWish]

    public init(wishes: [LogWish]) { self.wishes = wishes }
}

/// What a reader gets of a log (`GET /v1/services/{service}/log`).
public struct ServiceLog: Sendable, Hashable {
    /// What can be said of the log.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// The node was asked and has not answered yet.
        case waiting
        /// The node sends it.
        case present
        /// The node has no log of the service: it was never started there.
        case absent
        /// Nothing was heard of the node lately.
        case silent
        /// The node is of a version that sends no logs.
        case unable
    }

    /// A text without a break.
    public struct Part: Sendable, Hashable {
        /// What happened to the log before it.
        public var change: LogBreak?
        /// Lines before it that were lost.
        public var lost: Int
        /// May begin and end within a line.
        public var text: String

        public init(change: LogBreak? = nil, lost: Int = 0, text: String) {
            self.change = change
            self.lost = lost
            self.text = text
        }
    }

    public var service: String
    public var server: String
    public var state: State
    public var parts: [Part]
    /// Whether what the log had when it was first asked for is all there.
    public var isComplete: Bool
    /// What `after` takes for what follows.
    public var next: String

    public init(service: String, server: String, state: State, parts: [Part], isComplete: Bool, next: String) {
        self.service = service
        self.server = server
        self.state = state
        self.parts = parts
        self.isComplete = isComplete
        self.next = next
    }
}

// MARK: Forms

extension LogPosition: Described {
    package static let form = Form<Self>.object(
        "LogPosition",
        .required(
            "file",
            .line(atMost: 80).checking { @Sendable text in
                LogPosition.isIdentity(text) ? nil : "is no identity of a file: digits, letters and dots"
            },
            \.file),
        .required("offset", .integer(0...Limits.logOffset), \.offset)
    ) { LogPosition(file: $0, offset: $1) }
}

extension LogWish: Described {
    package static let form = Form<Self>.object(
        "LogWish", .required("stream", .line(atMost: 40), \.stream), .required("service", .serviceName, \.service),
        .required("lines", .integer(0...Limits.logLines), \.lines), .present("after", LogPosition.form, \.after)
    ) { LogWish(stream: $0, service: $1, lines: $2, after: $3) }
}

extension LogPiece: Described {
    package static let form = Form<Self>.object(
        "LogPiece", .required("stream", .line(atMost: 40), \.stream), .present("after", LogPosition.form, \.after),
        .required("position", LogPosition.form, \.position), .present("change", .choice, \.change),
        .present("lost", .integer(0...Limits.reportedCount), else: 0, \.lost),
        .required("text", .bytes(0...Limits.logPiece), \.text), .required("atEnd", .boolean, \.isAtEnd)
    ) { LogPiece(stream: $0, after: $1, position: $2, change: $3, lost: $4, text: $5, isAtEnd: $6) }
}

extension LogDelivery: Described {
    package static let form = Form<Self>.object(
        "LogDelivery",
        .required("pieces", .list(of: LogPiece.form, atMost: Limits.followedLogs, by: \.stream), \.pieces)
    ) { LogDelivery(pieces: $0) }
}

extension WantedLogs: Described {
    package static let form = Form<Self>.object(
        "WantedLogs", .required("wishes", .list(of: LogWish.form), \.wishes)
    ) { WantedLogs(wishes: $0) }
}

extension ServiceLog: Described {
    package static let form = Form<Self>.object(
        "ServiceLog", .required("service", .serviceName, \.service), .required("server", .name(.server), \.server),
        .required("state", .choice, \.state), .required("parts", .list(of: Part.form), \.parts),
        .required("complete", .boolean, \.isComplete), .required("next", .line(atMost: 300), \.next)
    ) { ServiceLog(service: $0, server: $1, state: $2, parts: $3, isComplete: $4, next: $5) }
}

extension ServiceLog.Part: Described {
    package static let form = Form<Self>.object(
        "ServiceLogPart", .present("change", .choice, \.change),
        .required("lost", .integer(atLeast: 0), \.lost), .required("text", .text, \.text)
    ) { ServiceLog.Part(change: $0, lost: $1, text: $2) }
}
