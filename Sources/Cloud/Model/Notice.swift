public import Names

/// Something that people should know. It is written to the outbox in the commit of the change that it tells of.
public struct Notice: Sendable, Hashable {
    public typealias Severity = NoticeSeverity
    public typealias Subject = NoticeSubject

    public var severity: Severity
    public var subject: Subject
    /// The name of the subject: `7` for a rollout, `app1`, `pgw.2`.
    public var name: String
    /// What has happened in one sentence of at most 200 characters: `pgw 1.6.0 has failed its tests on app2 and went back to 1.5.0`.
    public var title: String
    /// What else a person at 3 in the morning needs, several lines: the end of a log, what to do next. At most 16 KiB.
    public var text: String
    public var location: String?
    public var type: String?
    /// Whether it tells of the end of what earlier notices of the same subject told of.
    public var isResolved: Bool
    /// Whether a notice with `isResolved` about the same subject will tell of the end.
    public var isLasting: Bool

    /// Characters (Unicode scalars) of a title, and bytes of a text, at most. The outbox cuts off what is beyond.
    package static let longestTitle = 200
    package static let longestText = 16 << 10

    public init(
        _ severity: Severity, of subject: Subject, _ name: String, title: String, text: String = "",
        location: String? = nil, type: String? = nil, isResolved: Bool = false, isLasting: Bool = false
    ) {
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
