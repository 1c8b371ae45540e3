import FoundationEssentials
import GatewaySync
import HealthChecks
import NetworkTypes
import ServicesExport

/// The content of `verdicts.json`: the targets of the export of which there is more to say than that they are up. Every
/// other target of the export is up.
///
/// It is not synchronized to the disk: after a power failure all servers are probed anew before they can be missed.
struct StoredVerdicts: Sendable, Hashable {
    /// What is known of the targets that are listed; `nil`: nothing yet.
    private var entries: [ProbeTarget: Entry?] = [:]

    private struct Entry: Sendable, Hashable {
        var verdict: TargetHealth.Verdict
        /// In milliseconds of the boot clock.
        var since: Int
        var hasReturned: Bool
        var share: UInt8?
        var reason: String?
    }

    /// Milliseconds after which nothing is left of a return.
    private static let longestReturn = ServicesCSV.maximumSlowStart * 1_000

    init(_ health: HealthOverlay) {
        for target in health.notable {
            guard let known = health.targets[target] else { continue }
            guard let verdict = known.verdict else {
                entries[target] = .some(nil)
                continue
            }
            let isReturning = known.hasReturned && health.instant - known.since < Self.longestReturn
            guard verdict == .down || isReturning || known.share != nil else { continue }
            entries[target] = Entry(
                verdict: verdict, since: known.since, hasReturned: isReturning, share: known.share,
                reason: known.reason)
        }
    }

    /// Puts back what is known of the targets that the overlay has.
    func restore(to health: inout HealthOverlay) {
        for target in health.targets.keys {
            switch entries[target] {
            case .some(.some(let entry)):
                health.restore(
                    target, entry.verdict, since: entry.since, hasReturned: entry.hasReturned, share: entry.share,
                    reason: entry.reason)
            case .some(.none): continue
            case .none: health.restore(target, .up, since: 0, hasReturned: false)
            }
        }
    }

    // MARK: The file

    private struct Layout: Codable {
        var version = 1
        var clock: ClockStamp
        var targets: [Target]

        struct Target: Codable {
            var address: IPAddress
            var port: UInt16
            var check: String
            var verdict: String?
            /// Milliseconds that the verdict had stood when the file was written.
            var age: Int?
            var hasReturned: Bool?
            var share: UInt8?
            var reason: String?
        }
    }

    /// The content of the file, written now.
    func json(at now: ClockReading) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let targets = entries.map { target, entry in
            Layout.Target(
                address: target.address, port: target.port, check: "\(target.check)", verdict: entry?.verdict.rawValue,
                age: entry.map { max(0, now.bootMilliseconds - $0.since) },
                hasReturned: entry.flatMap { $0.hasReturned ? true : nil }, share: entry?.share, reason: entry?.reason)
        }.sorted { ($0.address, $0.port, $0.check) < ($1.address, $1.port, $1.check) }
        return (try? encoder.encode(Layout(clock: ClockStamp(now), targets: targets))).map { Array($0) + [0x0A] } ?? []
    }

    /// Reads the content of the file. What a verdict's age has become meanwhile, only the clocks of this boot tell.
    /// - Throws: what is wrong with it.
    init(json: [UInt8], at now: ClockReading) throws {
        try LayoutError.check(version: 1, of: json)
        let layout = try LayoutError.decode(Layout.self, from: json)
        guard layout.clock.isPlausible else { throw LayoutError(description: "clock is out of range") }
        let isOfThisBoot = layout.clock.bootID == now.bootID
        let written = isOfThisBoot ? layout.clock.boot * 1_000 : now.bootMilliseconds
        for target in layout.targets {
            let check: HealthCheck
            do {
                check = try HealthCheck(text: target.check)
            } catch {
                throw LayoutError(description: "the check of \(target.address): \(error)")
            }
            let place = ProbeTarget(check, address: target.address, port: target.port)
            guard let word = target.verdict else {
                entries[place] = .some(nil)
                continue
            }
            guard let verdict = TargetHealth.Verdict(rawValue: word) else {
                throw LayoutError(description: "the verdict on \(target.address) is neither up nor down")
            }
            guard let age = target.age, (0...(1 << 50)).contains(age) else {
                throw LayoutError(description: "the age of the verdict on \(target.address) is none")
            }
            entries[place] = Entry(
                verdict: verdict, since: min(written, now.bootMilliseconds) - age,
                hasReturned: target.hasReturned ?? false, share: target.share.map { min($0, 253) },
                reason: target.reason)
        }
    }
}
