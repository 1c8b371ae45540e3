import ArgumentParser
import CommandLineSupport
import GatewayDaemon
import ServicesExport

struct Accept: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let an export through that the guard holds back.",
        discussion: """
            `portcullis-gateway status` shows the export and why the guard holds it. The daemon, or cron's sync, \
            applies it with its next poll. Only this one export is let through; the guard judges the next one again.
            """)

    @OptionGroup var settings: SettingsOptions

    @Argument(help: "The held export's ETag, or its first 8 or more digits.")
    var etag: String

    func run() throws {
        let digest = try settings.decide(.accept, on: etag)
        try StandardOutput.write("accepted: \(digest.short) is applied at the next poll")
    }
}

struct Reject: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Confirm that an export stays held back.",
        discussion: """
            The export in force stays, and ADMIN's `portcullis gateways` shows that an operator decided so. The guard \
            judges the next export that differs again.
            """)

    @OptionGroup var settings: SettingsOptions

    @Argument(help: "The held export's ETag, or its first 8 or more digits.")
    var etag: String

    func run() throws {
        let digest = try settings.decide(.reject, on: etag)
        try StandardOutput.write("rejected: \(digest.short) stays held back")
    }
}

extension SettingsOptions {
    /// Stores the decision for the daemon.
    fileprivate func decide(_ verdict: GuardDecision.Verdict, on etag: String) throws -> ExportDigest {
        let configuration = try load()
        guard let (status, _) = try GatewayStatus.load(runDirectory: configuration.runDirectory, at: .now),
            let held = status.held, let digest = ExportDigest(etag: held.etag)
        else { throw CommandError("no export is held back here") }
        // exact: the digest has ASCII digits only
        let digits = etag.filter { $0 != "\"" }.lowercased()
        // exact: likewise
        guard digits.count >= 8, digest.hex.hasPrefix(digits) else {
            throw CommandError("the export that is held back is \(digest.hex), not \(etag)")
        }
        try StateDirectory(configuration.stateDirectory).save(GuardDecision(verdict, digest))
        return digest
    }
}
