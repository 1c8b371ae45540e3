/// Something on this machine, outside of what Portcullis writes, that has to do with packets not flowing.
public struct Finding: Codable, Sendable, Hashable {
    public enum Severity: String, Codable, Sendable, CaseIterable {
        /// Worth knowing; nothing is amiss.
        case note
        /// Packets will be lost, or may be.
        case warning
        /// Packets are lost now.
        case stops
    }

    /// The check that has found it, in one word.
    public let check: String
    public let severity: Severity
    /// What it is and what follows from it.
    public let text: String
    /// A command that fixes it until the next boot.
    public let remedy: String?
    /// What to do, as a sentence, where no command on this machine does it.
    public let advice: String?

    public init(
        _ check: String, _ severity: Severity, _ text: String, remedy: String? = nil, advice: String? = nil
    ) {
        self.check = check
        self.severity = severity
        self.text = text
        self.remedy = remedy
        self.advice = advice
    }
}

/// All that `portcullis-gateway doctor` has found.
public struct DoctorReport: Codable, Sendable, Hashable {
    public let findings: [Finding]
    /// What could not be looked at, and what that takes.
    public let unseen: [String]

    public init(findings: [Finding], unseen: [String]) {
        self.findings = findings
        self.unseen = unseen
    }

    /// 0: nothing is amiss; 8: warnings; 9: something stops packets.
    public var exitStatus: Int32 {
        switch findings.map(\.severity).max(by: { $0.rank < $1.rank }) {
        case nil, .note: 0
        case .warning: 8
        case .stops: 9
        }
    }

    /// For people: each finding, and below it how to fix it.
    public var text: String {
        var lines = [String]()
        for finding in findings {
            lines.append("\(finding.severity.rawValue)  \(finding.check): \(finding.text)")
            if let remedy = finding.remedy { lines.append("       fix it with: \(remedy)") }
            if let advice = finding.advice { lines.append("       \(advice)") }
        }
        lines += unseen.map { "unseen \($0)" }
        if findings.isEmpty { lines.insert("nothing stands in the way of packets", at: 0) }
        return lines.joined(separator: "\n")
    }
}

extension Finding.Severity {
    fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
