import Admin
import ArgumentParser
import Foundation
import ServiceSupport

/// Where a command finds its settings.
struct SettingsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The configuration file. (default: \(AdminSettings.defaultFile), if there is one)", valueName: "file"),
        completion: .file(extensions: ["yaml"]))
    var config: String?

    @Option(help: ArgumentHelp("The registry's SQLite file.", valueName: "file"), completion: .file())
    var database: String?

    /// Puts the file, the environment and the flags together.
    func settings() throws -> AdminSettings { try source().read() }

    /// Where the settings come from.
    ///
    /// - Parameter flags: Those of the command beside the ones here.
    func source(flags: [AdminSettings.Key: String] = [:]) -> SettingsSource {
        var flags = flags
        flags[.database] = database
        return SettingsSource(config: config, flags: flags)
    }
}

/// The places that settings come from, which can be read again.
struct SettingsSource: Sendable {
    /// The configuration file; `nil`: the default one, if there is one.
    let config: String?
    let flags: [AdminSettings.Key: String]

    /// Puts the file, the environment and the flags together.
    func read() throws -> AdminSettings {
        let file = try SettingsFile.find(config, else: AdminSettings.defaultFile)
        return try AdminSettings(
            file: try file?.settings() ?? [], environment: ProcessInfo.processInfo.environment, flags: flags)
    }
}
