import Admin
import ArgumentParser
import CommandLineSupport
import Foundation
import Registry
import ServiceSupport

struct Secrets: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replace the key that secrets are encrypted with.", subcommands: [Rekey.self])

    struct Rekey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Encrypt all secrets with a new key, and replace the key file.",
            discussion: """
                ADMIN must not run meanwhile; gateways and services go on without it. If the command is interrupted, \
                the key file has both keys and ADMIN starts as ever; run the command again. Values, revisions and the \
                ETags of configurations stay, so no service notices. Backups of the registry that were made before \
                need the key file from before. Exit code 1: a secret cannot be decrypted.
                """)

        @OptionGroup var options: SettingsOptions
        @Option(
            help: ArgumentHelp("The key file. Without it: the setting secrets-key.", valueName: "file"),
            completion: .file())
        var secretsKey: String?
        @Flag(help: "Only decrypt each secret, and show how many there are of each key. ADMIN may run.")
        var check = false

        func run() async throws {
            let settings = try options.source(flags: secretsKey.map { [.secretsKey: $0] } ?? [:]).read()
            guard let key = settings.secretsKey else {
                throw SettingsError("there is no key for secrets: set secrets-key, or name the file with --secrets-key")
            }
            try Registry.refuseMissing(settings.database)
            // A link stays a link.
            let path = URL(filePath: key).resolvingSymlinksInPath().path
            if check { return try await check(settings.database, path) }
            let lock: RegistryLock
            do {
                lock = try RegistryLock(settings.database)
            } catch let error as SettingsError {
                throw SettingsError("\(error); stop it first: systemctl stop portcullis-admin")
            }
            let registry = try lock.opening { try Registry.open(settings.database) }
            let count = try await SecretRekeying(registry: registry, keyFile: path).run()
            try withExtendedLifetime(lock) { try registry.close() }
            try StandardOutput.write("\(count) \(count == 1 ? "secret is" : "secrets are") encrypted with a new key")
            StandardError.write("Note: backups of the registry made before need the key file from before.")
        }

        private func check(_ database: String, _ path: String) async throws {
            let found = try await SecretRekeying(registry: try Registry.open(database), keyFile: path).check()
            let rows = found.secretsOfKeys.enumerated().map { ["\($0.offset + 1)", "\($0.element)"] }
            try StandardOutput.write(Table([.init("KEY", .right), .init("SECRETS", .right)], rows).text)
            if found.secretsOfKeys.count > 1 {
                StandardError.write("Note: \(path) has more than one key: run `portcullis-admin secrets rekey`.")
            }
            guard found.closed.isEmpty else {
                throw SettingsError("no key of \(path) decrypts \(found.closed.joined(separator: ", "))")
            }
        }
    }
}
