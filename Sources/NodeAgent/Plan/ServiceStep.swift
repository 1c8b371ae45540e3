import Text
package import Versions

/// A step that brings a service closer to its assignment. Each may be interrupted at any point, and then be planned
/// again.
package enum ServiceStep: Sendable, Hashable {
    /// The manifest and its signatures are fetched, judged and kept.
    case fetchManifest(ContentDigest)
    /// The blobs that are not here are fetched and checked.
    case fetchBlobs(ContentDigest)
    /// The folder of the version is made. `replacing`: one that is there was altered.
    case place(ContentDigest, replacing: Bool)
    /// The folder of a version that nobody needs is removed.
    case remove(ContentDigest)

    /// The files of the version are compared with its manifest.
    case check(ContentDigest)
    /// The process is asked to end. Its keeper does the rest, also without the agent.
    case stop(instance: String)
    /// Processes of the service without a keeper are ended.
    case end(instance: String)
    /// The version becomes `current`.
    case activate(ContentDigest)
    case start(ContentDigest, StartCount)
    /// What was written down of its last start is removed.
    case forget
    /// The service's directory is removed.
    case purge

    case awaitEnd(instance: String)
    case awaitReady(instance: String, until: Int)
    /// The next start waits, on the boot clock.
    case pause(until: Int)

    /// Whether the step only lets time pass.
    package var isWait: Bool {
        switch self {
        case .awaitEnd, .awaitReady, .pause: true
        default: false
        }
    }
}

extension ServiceStep {
    /// In words, for people.
    ///
    /// - Parameter now: milliseconds on the boot clock.
    package func text(now: Int) -> String {
        switch self {
        case .fetchManifest(let digest): "fetch the manifest \(digest.short)… and check its signatures"
        case .fetchBlobs(let digest): "fetch what is not here of \(digest.short)…"
        case .place(let digest, false): "place \(digest.short)…"
        case .place(let digest, true): "place \(digest.short)… anew, since its files were altered"
        case .remove(let digest): "remove \(digest.short)…, which is neither current nor previous"
        case .check(let digest): "compare the files of \(digest.short)… with its manifest"
        case .stop: "stop it"
        case .end: "end its processes, which have no keeper"
        case .activate(let digest): "make \(digest.short)… the current version"
        case .start(let digest, let count):
            switch count.failures {
            case 0: "start \(digest.short)…"
            case 1: "start \(digest.short)… after a failure"
            default: "start \(digest.short)… after \(count.failures) failures"
            }
        case .forget: "forget how it ended"
        case .purge: "remove its directory"
        case .awaitEnd: "wait until it has ended"
        case .awaitReady: "wait until it is ready"
        case .pause(let until): "wait \(max(0, (until - now + 999) / 1_000)) s"
        }
    }
}
