import Cloud
import Versions

/// What of a manifest is needed while its service runs: all but its files, which may be many.
struct ManifestFacts: Sendable, Hashable {
    var version: VersionName
    var user: String?
    var run: RunSection?
    /// The sockets that are opened for the program.
    var listen: [ListeningSocket]
    var tests: [Manifest.Test]
    var actions: [ServiceAction]
    var directories: [ServiceDirectory]
    var removedDirectories: [String]
    var limits: ServiceLimits?

    init(_ manifest: Manifest) {
        version = manifest.version
        user = manifest.user
        run = manifest.run
        listen = manifest.isListenOpened ? manifest.listen : []
        tests = manifest.tests
        actions = manifest.actions
        directories = manifest.directories
        removedDirectories = manifest.removedDirectories
        limits = manifest.limits
    }
}
