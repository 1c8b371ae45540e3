import Admin
import ArgumentParser
import Foundation
import ServiceSupport

/// The sources of a command's settings.
struct SettingsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The configuration file. (default: \(AdminSettings.defaultFile), if there is one)", valueName: "file"),
        completion: .file(extensions: ["yaml"]))
    var config: String?

    @Option(help: ArgumentHelp("The registry's SQLite file.", valueName: "file"), completion: .file())
    var database: String?

    /// Reads the settings from the file, the environment and the flags.
    func settings() throws -> AdminSettings { try source().read() }

    /// The sources of the settings.
    ///
    /// - Parameter flags: flags of the command, in addition to those here.
    func source(flags: [AdminSettings.Key: String] = [:]) -> SettingsSource {
        var flags = flags
        flags[.database] = database
        return SettingsSource(config: config, flags: flags)
    }
}

/// The sources of settings, which can be read again.
struct SettingsSource: Sendable {
    /// The configuration file; `nil`: the default one, if it exists.
    let config: String?
    let flags: [AdminSettings.Key: String]

    /// Reads the settings from the file, the environment and the flags.
    func read() throws -> AdminSettings {
        let file = try SettingsFile.find(config, else: AdminSettings.defaultFile)
        return try AdminSettings.read(
            file: file, environment: ProcessInfo.processInfo.environment, flags: flags)
    }
}
