/// How urgent a notice is, rising.
public enum NoticeSeverity: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Good to know; nobody has to act.
    case info
    /// Somebody should look within hours.
    case warning
    /// Somebody has to act now.
    case critical

    private var rank: Int {
        switch self {
        case .info: 0
        case .warning: 1
        case .critical: 2
        }
    }

    public static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }
}

/// What a notice is about.
public enum NoticeSubject: String, Sendable, Hashable, CaseIterable {
    case rollout, server, service
    /// Several servers of a location at once.
    case location
    /// Crashes of one fault, by their fingerprint.
    case crash
    /// ADMIN itself.
    case admin
    /// Somebody tries whether notices arrive; its name is that of the one channel that it is for.
    case test
}
