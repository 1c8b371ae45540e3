import Text
import Versions

/// What a worker knows that is not to be seen on its server.
struct ServiceMemory {
    /// Versions whose files were compared with the manifest, or made.
    var checked: Set<ContentDigest> = []
    var alterations: [ContentDigest: String] = [:]
    var placingTrouble: ServiceSituation.Trouble?
    var processTrouble: ServiceSituation.Trouble?
    private var placingFailures = 0
    var processFailures = 0
    var endOrder: EndOrder?
    /// The last start whose keeper was asked to stop it. On a full disk the keeper cannot write that down.
    var stopped: String?
    /// The start that is to be followed by another one, without a pause.
    var restart: String?

    /// An order to end processes without a keeper.
    struct EndOrder {
        var instance: String
        /// Milliseconds on the boot clock.
        var at: Int
    }

    func add(to situation: inout ServiceSituation) {
        situation.placingTrouble = placingTrouble
        switch situation.process {
        case .alive(var process):
            situation.isToRestart = restart?.isExactly(process.instance) ?? false
            if (process.isKept ? stopped : endOrder?.instance)?.isExactly(process.instance) ?? false {
                process.isStopping = true
                situation.process = .alive(process)
            }
        case .ended(var process):
            if [stopped, endOrder?.instance].contains(where: { $0?.isExactly(process.instance) ?? false }) {
                process.wasStopped = true
                situation.process = .ended(process)
            }
            situation.isToRestart = restart?.isExactly(process.instance) ?? false
        case .none: break
        }
        situation.processTrouble = processTrouble
        for (digest, knowledge) in situation.versions {
            var knowledge = knowledge
            knowledge.isChecked = checked.contains(digest)
            knowledge.alteration = alterations[digest]
            situation.versions[digest] = knowledge
        }
    }

    mutating func forgetPlacing() {
        placingTrouble = nil
        placingFailures = 0
    }

    mutating func placingFailed(_ error: any Error, service: String) {
        placingFailures += 1
        placingTrouble = Self.trouble("\(error)", placingFailures, service)
        placingTrouble?.isRefusal = (error as? VersionRefusal)?.isLasting ?? false
    }

    mutating func processFailed(_ reason: String, service: String) {
        processFailures += 1
        processTrouble = Self.trouble(reason, processFailures, service)
    }

    private static func trouble(_ reason: String, _ failures: Int, _ service: String) -> ServiceSituation.Trouble {
        ServiceSituation.Trouble(
            reason: reason, retryAt: ProcessTable.bootMilliseconds + Backoff.pause(after: failures, seed: service))
    }
}
