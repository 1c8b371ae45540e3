import ArgumentParser
import CommandLineSupport
import Foundation
import JSON
import ServiceSupport

struct ContextCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "context",
        abstract: "Show and choose which of several ADMINs the commands are for.",
        discussion: """
            The contexts are in the configuration file, ~/.config/portcullis/config.yaml: each has a name and the \
            settings of one ADMIN. --context and PORTCULLIS_CONTEXT name another one for a single command.
            """,
        subcommands: [ListContexts.self, UseContext.self, ShowContext.self], defaultSubcommand: ListContexts.self)
}

struct ListContexts: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the contexts; an asterisk marks the one in use.")

    @OptionGroup var output: OutputOptions

    func run() throws {
        let sources = SettingsSources.ofProcess()
        let file = try sources.operatorFile()
        let current = try sources.chosenContext(nil)?.name ?? file?.current?.name
        let contexts = file?.contexts ?? []
        try output.show(
            json: .array(contexts.map { $0.json(isCurrent: $0.name == current) }),
            asText: Table(
                ["", "CONTEXT", "ADMIN", "TOKEN FILE", "CA FILE"],
                contexts.map { context in
                    [context.name == current ? "*" : "", context.name]
                        + [ConnectionKey.adminURL, .tokenFile, .caFile].map { context[$0] ?? "" }
                }
            ).text)
    }
}

struct UseContext: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "use", abstract: "Write into the configuration file which context is used from now on.",
        discussion: "Only the name is changed; comments and everything else stay, and so do the file's permissions.")

    @Argument(
        help: "The context.", completion: .custom { _, _, _ in ConnectionOptions.contextNames() },
        transform: NameArgument.read)
    var name: String

    func run() throws {
        let sources = SettingsSources.ofProcess()
        let path = try sources.path()
        guard sources.exists(path) else { throw OperatorFile.missing(name, "context use", [], path) }
        let text = try sources.read(path)
        let file = try OperatorFile(path: path, text: text)
        _ = try file.context(name, namedBy: "context use")
        let changed = try file.text(using: name, in: text)
        // A link stays a link.
        let target = URL(filePath: path).resolvingSymlinksInPath().path
        try Files.replace(target, with: Array(changed.utf8), isDurable: true, mode: Files.mode(of: target))
        if let other = try sources.chosenContext(nil), other.name != name {
            StandardError.write("Note: here \(other.place) names the context \(other.name), which goes before.")
        }
    }
}

struct ShowContext: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the settings that a command would use, and where each comes from.")

    @Argument(
        help: "Another context than the one in use.",
        completion: .custom { _, _, _ in ConnectionOptions.contextNames() }, transform: NameArgument.read)
    var name: String?

    @OptionGroup var output: OutputOptions

    func run() throws {
        var sources = SettingsSources.ofProcess()
        if name != nil { sources = sources.withoutConnection }
        let layers = try sources.layers(flags: [:], context: name)
        var rows = ConnectionKey.allCases.map { key in
            let setting = layers.given[key]
            let value = setting?.text ?? (key == .adminURL ? Settings.defaultURL : nil)
            return SettingRow(
                name: key.rawValue, value: value, place: setting?.place.description ?? (value == nil ? nil : "default"),
                unused: layers.withheld.last { $0.key == key }?.place.description)
        }
        if try sources.environment.variable(Settings.tokenVariable) != nil,
            let index = rows.firstIndex(where: { $0.name == ConnectionKey.tokenFile.rawValue })
        {
            rows[index] = SettingRow(name: "token", value: "not shown", place: Settings.tokenVariable)
        }
        let context = try name ?? sources.chosenContext(nil)?.name ?? sources.operatorFile()?.current?.name
        rows.insert(SettingRow(name: "context", value: context, place: nil), at: 0)
        try output.show(
            json: .object(rows.map { .init(name: $0.name, value: $0.json) }),
            asText: Table(["SETTING", "VALUE", "FROM"], rows.map { [$0.name, $0.value ?? "-", $0.origin] }).text)
    }

    /// A setting, and where it comes from.
    private struct SettingRow {
        let name: String
        let value: String?
        let place: String?
        /// The place of a setting of the configuration file that is not used, since it is for another address.
        var unused: String?

        var origin: String { place ?? unused.map { "not from \($0), which is for another address" } ?? "" }

        var json: JSONValue {
            var members: [JSONValue.Member] = [
                .init(name: "value", value: value.map { .string($0) } ?? .null),
                .init(name: "from", value: place.map { .string($0) } ?? .null),
            ]
            if let unused { members.append(.init(name: "unused", value: .string(unused))) }
            return .object(members)
        }
    }
}

extension OperatorFile.Context {
    /// The text of a setting.
    fileprivate subscript(key: ConnectionKey) -> String? { settings.last { $0.key == key }?.text }

    fileprivate func json(isCurrent: Bool) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init(name: "name", value: .string(name)), .init(name: "current", value: .bool(isCurrent)),
        ]
        for key in ConnectionKey.allCases {
            guard let text = self[key] else { continue }
            members.append(.init(name: key.rawValue, value: .string(text)))
        }
        return .object(members)
    }
}
