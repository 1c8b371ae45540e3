/// From when to when a certificate is valid, in seconds since 1970.
public struct CertificateDates: Sendable, Hashable {
    public var notBefore: Int
    public var notAfter: Int

    public init(notBefore: Int, notAfter: Int) {
        self.notBefore = notBefore
        self.notAfter = notAfter
    }

    /// Why the certificate is not valid at an instant; `nil`: it is.
    public func failure(at now: Int) -> String? {
        if now > notAfter { return "certificate expired \(Self.span(now - notAfter)) ago" }
        if now < notBefore { return "certificate not valid until \(Self.span(notBefore - now)) from now" }
        return nil
    }

    /// `2 days`
    private static func span(_ seconds: Int) -> String {
        let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")]
        let (length, unit) = units.first { seconds >= $0.0 } ?? (1, "second")
        let count = seconds / length
        return "\(count) \(unit)\(count == 1 ? "" : "s")"
    }
}
