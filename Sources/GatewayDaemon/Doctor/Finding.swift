/// A reason on this machine, outside of what Portcullis writes, why packets may not flow.
public struct Finding: Codable, Sendable, Hashable {
    /// How bad a finding is.
    public enum Severity: String, Codable, Sendable, CaseIterable {
        /// Worth knowing; nothing is wrong.
        case note
        /// Packets will be lost, or may be.
        case warning
        /// Packets are lost now.
        case stops
    }

    /// The check that found it, in one word.
    public let check: String
    /// How bad it is.
    public let severity: Severity
    /// What was found and what follows from it.
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

/// Everything that `portcullis-gateway doctor` has found.
public struct DoctorReport: Codable, Sendable, Hashable {
    /// The findings of all checks.
    public let findings: [Finding]
    /// What could not be examined, and what is needed for it.
    public let unseen: [String]

    public init(findings: [Finding], unseen: [String]) {
        self.findings = findings
        self.unseen = unseen
    }

    /// The exit status: 0 if nothing is wrong, 8 for warnings, 9 if something stops packets.
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
