import JSON
public import Names

/// What ADMIN sends to a webhook: one notice, the same one several times, or a digest of many.
public struct NoticeMessage: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case notice
        /// Many at once, the worst first and without their texts.
        case digest
    }

    /// A notice, and those that say the same.
    public struct Entry: Sendable, Hashable {
        /// The numbers of the notices, ascending.
        public var numbers: [Int]
        /// When the first was written, RFC 3339 in UTC.
        public var time: String
        public var severity: NoticeSeverity
        public var subject: NoticeSubject
        public var name: String
        public var title: String
        public var text: String?
        public var location: String?
        public var type: String?
        public var isResolved: Bool
        /// Whether a notice with `isResolved` about the same subject will tell of the end.
        public var isLasting: Bool

        public init(
            numbers: [Int], time: String, severity: NoticeSeverity, subject: NoticeSubject, name: String,
            title: String, text: String? = nil, location: String? = nil, type: String? = nil, isResolved: Bool = false,
            isLasting: Bool = false
        ) {
            self.numbers = numbers
            self.time = time
            self.severity = severity
            self.subject = subject
            self.name = name
            self.title = title
            self.text = text
            self.location = location
            self.type = type
            self.isResolved = isResolved
            self.isLasting = isLasting
        }
    }

    /// The same for each attempt to deliver this message, and for no other message.
    public var id: String
    public var channel: String
    public var kind: Kind
    /// The worst one.
    public var severity: NoticeSeverity
    /// One line for people.
    public var title: String
    /// How many notices it tells of.
    public var count: Int
    public var notices: [Entry]

    public init(
        id: String, channel: String, kind: Kind, severity: NoticeSeverity, title: String, count: Int, notices: [Entry]
    ) {
        self.id = id
        self.channel = channel
        self.kind = kind
        self.severity = severity
        self.title = title
        self.count = count
        self.notices = notices
    }
}

// MARK: Forms

extension NoticeMessage: Described {
    package static let form = Form<Self>.object(
        "NoticeMessage", .required("id", .text, \.id), .required("channel", .text, \.channel),
        .required("kind", .choice, \.kind), .required("severity", .choice, \.severity),
        .required("title", .text, \.title), .required("count", .integer(atLeast: 1), \.count),
        .required("notices", .list(of: Entry.form), \.notices)
    ) { NoticeMessage(id: $0, channel: $1, kind: $2, severity: $3, title: $4, count: $5, notices: $6) }
}

extension NoticeMessage.Entry: Described {
    package static let form = Form<Self>.object(
        "NoticeEntry", .required("numbers", .list(of: .integer(atLeast: 1)), \.numbers),
        .required("time", .time, \.time), .required("severity", .choice, \.severity),
        .required("subject", .choice, \.subject), .required("name", .text, \.name), .required("title", .text, \.title),
        .present("text", .text, \.text), .present("location", .text, \.location), .present("type", .text, \.type),
        .required("resolved", .boolean, \.isResolved), .required("lasting", .boolean, \.isLasting)
    ) {
        Self(
            numbers: $0, time: $1, severity: $2, subject: $3, name: $4, title: $5, text: $6, location: $7, type: $8,
            isResolved: $9, isLasting: $10)
    }
}
