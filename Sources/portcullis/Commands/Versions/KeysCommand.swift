import ArgumentParser
import CommandLineSupport
import Foundation
import JSON
import ServiceSupport
import Text
import Versions

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make and show the keys that sign versions.",
        discussion: """
            A private key signs versions; servers take those that a key signed which they trust. ADMIN never sees a \
            private key, and needs none.
            """,
        subcommands: [NewKey.self, ShowKey.self])
}

struct NewKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make a key that signs versions: a private file, and a public one beside it.",
        discussion: "The public key's file has the same name with .pub. Files that are there are never overwritten.")

    @Argument(help: "The file of the private key, which only you will be able to read.", completion: .file())
    var file: String

    @Option(help: ArgumentHelp("Whose key it is, for people.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("When it ends: \(Expiry.forms). (default: never)", valueName: "when"))
    var expires: String?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard !file.isEmpty else { throw ValidationError("a path is not empty") }
        // exact: code points are compared. Bytes that are not UTF-8 have come here as this one.
        if let name, name.unicodeScalars.contains("\u{FFFD}") {
            throw ValidationError("--name: \(name.printed()) is not UTF-8 text")
        }
        if let name, let problem = KeyDescription.problem(withName: name) {
            throw ValidationError("--name: \(name.printed()) \(problem)")
        }
    }

    func run() throws {
        var description = KeyDescription(name: name)
        if let expires {
            guard let end = Expiry.date(expires, now: Date()) else {
                throw ValidationError("--expires: \(expires.printed()) is none of \(Expiry.forms)")
            }
            description.end = end
        }
        let key = SigningKey(description: description)
        try key.write(file)
        do throws(FileError) {
            try key.writePublic(file + ".pub")
        } catch {
            // Half a pair would be in the way of the next attempt.
            Files.remove(file)
            throw error
        }
        try output.show(
            json: KeyText.json(key.publicFile),
            asText: "\(file.printable), \(file.printable).pub\n\n\(KeyText.trust(key.publicFile))")
    }
}

struct ShowKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the public key of a key's file, as servers are told to trust it.")

    @Argument(help: "The file of a public or a private key.", completion: .file())
    var file: String

    @OptionGroup var output: OutputOptions

    func run() throws {
        let key = try PublicKeyFile(ofEither: file)
        try output.show(json: KeyText.json(key), asText: KeyText.trust(key))
    }
}

/// Public keys for people and programs.
enum KeyText {
    static func json(_ file: PublicKeyFile) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init(name: "id", value: .string(file.key.id)), .init(name: "key", value: .string("\(file.key)")),
        ]
        if let name = file.description.name { members.append(.init(name: "name", value: .string(name))) }
        if let end = file.description.end {
            members.append(.init(name: "notAfter", value: .string(end.formatted(.iso8601))))
        }
        return .object(members)
    }

    /// As it stands in node.yaml.
    static func trust(_ file: PublicKeyFile) -> String {
        var lines = ["# \(file.key.id)", "trusted-keys:", "  - key: \(file.key)"]
        if let name = file.description.name { lines.append("    name: \(JSONValue.string(name))") }
        if let end = file.description.end { lines.append("    not-after: \(end.formatted(.iso8601))") }
        return lines.joined(separator: "\n")
    }
}
