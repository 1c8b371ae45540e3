import FoundationEssentials
import ServiceSupport
public import ServicesExport

/// What an operator has said about an export that is held back: `decision.json` in the state directory, written by
/// `portcullis-gateway accept` and `reject`, since the daemon opens no socket to be asked on.
public struct GuardDecision: Codable, Sendable, Hashable {
    public enum Verdict: String, Codable, Sendable {
        case accept, reject
    }

    /// Of that very export; another one is judged afresh.
    public let etag: String
    public let verdict: Verdict

    public init(_ verdict: Verdict, _ digest: ExportDigest) {
        self.verdict = verdict
        etag = digest.etag
    }

    public func verdict(on digest: ExportDigest) -> Verdict? { digest.etag == etag ? verdict : nil }
}

extension StateDirectory {
    private var decisionPath: String { path + "/decision.json" }

    /// `nil` when there is none, or none that can be read.
    func loadDecision() -> GuardDecision? {
        guard let bytes = try? Files.read(decisionPath) else { return nil }
        return try? JSONDecoder().decode(GuardDecision.self, from: Data(bytes))
    }

    /// Leaves the decision for the daemon's next poll.
    public func save(_ decision: GuardDecision) throws {
        try Files.replace(decisionPath, with: Array(try JSONEncoder().encode(decision)), isDurable: true)
    }

    func removeDecision() { Files.remove(decisionPath) }
}

/// An export that is held back.
struct HeldExport: Sendable {
    let bytes: [UInt8]
    let digest: ExportDigest
    let objections: [String]
    /// Seconds of the boot clock.
    let since: Int
    var isRejected = false
}
