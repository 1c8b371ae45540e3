import AdminClient
import Foundation
import ServiceSupport
import Text
import YAML

/// The sources of settings besides flags: the environment and files.
struct SettingsSources {
    var environment: [String: String]
    /// Returns the text of a file; throws if it cannot be read.
    var read: (String) throws -> String
    var exists: (String) -> Bool

    /// The variable with the name of a context.
    static let contextVariable = "PORTCULLIS_CONTEXT"

    static func ofProcess() -> SettingsSources {
        SettingsSources(
            environment: ProcessInfo.processInfo.environment,
            read: { try LocalFile.text($0) },
            exists: { FileManager.default.fileExists(atPath: $0) })
    }

    /// The sources without the variables that say the same as a context does: a context that a flag names goes before
    /// the environment, as other flags do.
    var withoutConnection: SettingsSources {
        var sources = self
        for name in ConnectionKey.allCases.map(\.variable) + [Settings.tokenVariable, Self.contextVariable] {
            sources.environment[name] = nil
        }
        return sources
    }

    /// Puts the configuration file, the environment and the flags together.
    ///
    /// The settings of one context belong together, and so do those at the top of a file without contexts: with an
    /// address from elsewhere that is not theirs, its token and its certificates are withheld.
    /// - Parameter context: the name of a context that a flag has given.
    func layers(flags: [ConnectionKey: String], context: String?) throws -> ConnectionLayers {
        let file = try operatorFile()
        let variable = try environment.variable(ConnectionKey.adminURL.variable)
        let address = flags[.adminURL] ?? variable
        let settings = try settings(in: file, context: context, isAddressed: address != nil)
        let used = settings.filter { setting in
            setting.key == .adminURL || address.map { Self.isAddress($0, of: settings) } ?? true
        }
        let given = try SettingLayers(file: used, environment: environment, flags: flags)
        let withheld = used.count == settings.count ? [] : settings.filter { $0.key != .adminURL }
        return ConnectionLayers(given: given, withheld: withheld.filter { given[$0.key] == nil })
    }

    /// Whether each of the addresses in `text` is one of those that settings of a file are for.
    private static func isAddress(_ text: String, of settings: [Setting<ConnectionKey>]) -> Bool {
        let own = settings.last { $0.key == .adminURL }?.text ?? Settings.defaultURL
        guard let own = try? AdminURLs(own), let given = try? AdminURLs(text) else { return false }
        return given.all.allSatisfy(own.all.contains)
    }

    /// The settings of the context that was chosen; those at the top of a file without contexts.
    private func settings(
        in file: OperatorFile?, context: String?, isAddressed: Bool
    ) throws -> [Setting<ConnectionKey>] {
        if let (name, place) = try chosenContext(context) {
            guard let file else { throw OperatorFile.missing(name, place, [], try path()) }
            return try file.context(name, namedBy: place).settings
        }
        guard let file, !file.contexts.isEmpty else { return file?.settings ?? [] }
        if let current = file.current {
            return try file.context(current.name, namedBy: current.position.description).settings
        }
        guard isAddressed else {
            throw CommandError(
                "\(file.path): none of its contexts is in use: \(file.contexts.map(\.name).joined(separator: ", "))",
                hint: "Choose one with `portcullis context use NAME`, --context or \(Self.contextVariable).")
        }
        return []
    }

    /// The context that the flag or the environment names, and which of them does.
    func chosenContext(_ flag: String?) throws -> (name: String, place: String)? {
        if let flag { return (flag, "--context") }
        return try environment.variable(Self.contextVariable).map { ($0, Self.contextVariable) }
    }

    /// The operator's configuration file; `nil` when it is absent.
    func operatorFile() throws -> OperatorFile? {
        guard let path = try? path(), exists(path) else { return nil }
        return try OperatorFile(path: path, text: try read(path))
    }

    /// Where the configuration file is: `$XDG_CONFIG_HOME/portcullis/config.yaml`, else below `~/.config`.
    func path() throws(CommandError) -> String {
        let home = environment["HOME"].map { "\($0)/.config" }
        guard let directory = environment["XDG_CONFIG_HOME"].flatMap({ $0.isEmpty ? nil : $0 }) ?? home else {
            throw CommandError("there is no configuration file: neither HOME nor XDG_CONFIG_HOME is set")
        }
        return "\(directory)/portcullis/config.yaml"
    }

    /// A path of a setting, in which `~/` stands for the home directory as in a shell.
    func path(_ setting: Setting<ConnectionKey>) throws(CommandError) -> String {
        let text = setting.text
        guard !text.isEmpty else { throw CommandError("\(setting.place): the path is empty") }
        guard text.hasBytePrefix("~") else { return text }
        guard text == "~" || text.hasBytePrefix("~/") else {
            throw CommandError(
                "\(setting.place): \(text.printed(atMost: 80)): only ~/ stands for a home directory, yours",
                hint: "A file of the name \(text.printed(atMost: 80)) is named by ./\(text.printable).")
        }
        guard let home = environment["HOME"], !home.isEmpty else {
            throw CommandError("\(setting.place): \(text.printed(atMost: 80)): HOME is not set")
        }
        return home + Substring(text.utf8.dropFirst())
    }
}

/// The settings of a connection from all places.
struct ConnectionLayers {
    /// Those that count.
    let given: SettingLayers<ConnectionKey>
    /// Those of the configuration file that are not used, since they are for an ADMIN of another address, and that
    /// nothing else replaces.
    let withheld: [Setting<ConnectionKey>]
}

/// The settings that can be given by the configuration file and the environment too.
enum ConnectionKey: String, SettingKey {
    case adminURL = "admin-url"
    case tokenFile = "token-file"
    case caFile = "ca-file"

    static var variablePrefix: String { "PORTCULLIS_" }
}
