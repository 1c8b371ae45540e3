import FoundationEssentials
import ServiceSupport
public import ServicesExport

/// An operator's decision on an export that is held back: `decision.json` in the state directory. `portcullis-gateway
/// accept` and `reject` write it, since the daemon has no socket on which to be asked.
public struct GuardDecision: Codable, Sendable, Hashable {
    /// Whether the export is put in force.
    public enum Verdict: String, Codable, Sendable {
        case accept, reject
    }

    /// The ETag of the export that was decided on; the decision holds for no other.
    public let etag: String
    /// The decision.
    public let verdict: Verdict

    public init(_ verdict: Verdict, _ digest: ExportDigest) {
        self.verdict = verdict
        etag = digest.etag
    }

    /// The decision on the export; `nil` if the decision is about another one.
    public func verdict(on digest: ExportDigest) -> Verdict? { digest.etag == etag ? verdict : nil }
}

extension StateDirectory {
    private var decisionPath: String { path + "/decision.json" }

    /// The stored decision; `nil` if there is none that can be read.
    func loadDecision() -> GuardDecision? {
        guard let bytes = try? Files.read(decisionPath) else { return nil }
        return try? JSONDecoder().decode(GuardDecision.self, from: Data(bytes))
    }

    /// Stores the decision for the daemon's next poll.
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
    /// When it was first held back, in seconds of the boot clock.
    let since: Int
    var isRejected = false
}
