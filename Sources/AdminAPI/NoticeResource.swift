import JSON
public import Names

/// A notice (`GET /v1/notices/{notice}`), or one in a list, which is without its text.
public struct NoticeResource: Sendable, Hashable {
    /// What has become of it at one channel.
    public struct Delivery: Sendable, Hashable {
        public enum State: String, Sendable, Hashable, CaseIterable {
            case waiting
            case delivered
            /// The receiver has refused it each time it was tried.
            case failed
            /// It could not be delivered for too long.
            case expired

            /// Whether it changes no more.
            public var isEnd: Bool { self != .waiting }
        }

        public var channel: String
        public var state: State
        /// When that came about, RFC 3339 in UTC; `nil` while it waits.
        public var time: String?
        /// Why it is not delivered; of one that waits, what the last attempt has met.
        public var problem: String?

        public init(channel: String, state: State, time: String? = nil, problem: String? = nil) {
            self.channel = channel
            self.state = state
            self.time = time
            self.problem = problem
        }
    }

    /// Counted from 1.
    public var number: Int
    /// RFC 3339 in UTC.
    public var time: String
    public var severity: NoticeSeverity
    public var subject: NoticeSubject
    /// The name of the subject.
    public var name: String
    public var title: String
    /// Several lines; `nil` in a list.
    public var text: String?
    public var location: String?
    public var type: String?
    /// Whether it tells of the end of what earlier notices of the same subject told of.
    public var isResolved: Bool
    /// Whether a notice with `isResolved` about the same subject will tell of the end.
    public var isLasting: Bool
    /// One for each channel that it is for.
    public var deliveries: [Delivery]

    public init(
        number: Int, time: String, severity: NoticeSeverity, subject: NoticeSubject, name: String, title: String,
        text: String? = nil, location: String? = nil, type: String? = nil, isResolved: Bool = false,
        isLasting: Bool = false, deliveries: [Delivery] = []
    ) {
        self.number = number
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
        self.deliveries = deliveries
    }
}

/// Body of `POST /v1/notices`: a notice that tries channels.
public struct NoticeTest: Sendable, Hashable {
    /// The channel to try; `nil`: all.
    public var channel: String?

    public init(channel: String? = nil) { self.channel = channel }
}

// MARK: Forms

extension NoticeResource: Described {
    package static let form = Form<Self>.object(
        "Notice", .required("number", .integer(atLeast: 1), \.number), .required("time", .time, \.time),
        .required("severity", .choice, \.severity), .required("subject", .choice, \.subject),
        .required("name", .text, \.name), .required("title", .text, \.title), .present("text", .text, \.text),
        .present("location", .text, \.location), .present("type", .text, \.type),
        .required("resolved", .boolean, \.isResolved), .required("lasting", .boolean, \.isLasting),
        .required("deliveries", .list(of: Delivery.form), \.deliveries)
    ) {
        NoticeResource(
            number: $0, time: $1, severity: $2, subject: $3, name: $4, title: $5, text: $6, location: $7, type: $8,
            isResolved: $9, isLasting: $10, deliveries: $11)
    }
}

extension NoticeResource.Delivery: Described {
    package static let form = Form<Self>.object(
        "NoticeDelivery", .required("channel", .text, \.channel), .required("state", .choice, \.state),
        .present("time", .time, \.time), .present("problem", .text, \.problem)
    ) { Self(channel: $0, state: $1, time: $2, problem: $3) }
}

extension NoticeTest: Described {
    package static let form = Form<Self>.object(
        "NoticeTest",
        .present("channel", .line(atMost: 63).described("The channel to try; absent: all"), \.channel)
    ) { NoticeTest(channel: $0) }
}
