import ArgumentParser
import CommandLineSupport

/// Options of every subcommand: the address of ADMIN, and the access to it.
struct ConnectionOptions: ParsableArguments {
    @Option(
        help: """
            ADMIN's address, or several with commas between them: if one cannot be reached, the next is asked. Without \
            it: PORTCULLIS_ADMIN_URL, then the configuration file, then http://127.0.0.1:8080.
            """)
    var adminURL: String?

    @Option(
        help: """
            A file with the bearer token. Without it: PORTCULLIS_TOKEN, then PORTCULLIS_TOKEN_FILE, then the \
            configuration file, if the address is the one there.
            """,
        completion: .file())
    var tokenFile: String?

    @Option(
        help: """
            Certificates (PEM) to trust instead of the system's. Without it: PORTCULLIS_CA_FILE, then the \
            configuration file, if the address is the one there.
            """,
        completion: .file())
    var caFile: String?

    @Option(
        help: """
            The context of the configuration file to use, instead of what the environment says. Without it: \
            PORTCULLIS_CONTEXT, then the one that the file names.
            """,
        completion: .custom { _, _, _ in ConnectionOptions.contextNames() }, transform: NameArgument.read)
    var context: String?

    @Option(
        help: """
            Seconds to wait for an answer, and with --wait for what is waited for. (default: 60, with --wait 600)
            """)
    var timeout: Int?

    func validate() throws {
        if let timeout, !(1...86_400).contains(timeout) {
            throw ValidationError("--timeout: \(timeout) is not in 1-86400")
        }
    }

    /// Seconds to wait for an answer.
    var answerTimeout: Int { timeout ?? 60 }

    /// Seconds to wait for gateways.
    var patience: Int { timeout ?? 600 }

    /// Those that were given, of the settings that can be given elsewhere too.
    var flags: [ConnectionKey: String] {
        var flags: [ConnectionKey: String] = [:]
        flags[.adminURL] = adminURL
        flags[.tokenFile] = tokenFile
        flags[.caFile] = caFile
        return flags
    }

    /// The names of the contexts in the configuration file, for completion; none where it cannot be read.
    static func contextNames() -> [String] {
        (try? SettingsSources.ofProcess().operatorFile())?.contexts.map(\.name) ?? []
    }

    /// Runs `body` with a client that is shut down afterwards.
    func withClient(_ body: (AdminResources) async throws -> Void) async throws {
        let sources = SettingsSources.ofProcess()
        let settings = try Settings.resolve(self, sources)
        settings.warnings.forEach(StandardError.write)
        let client = try AdminResources(settings)
        do {
            try await body(client)
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }
}

/// A subcommand that sends requests to ADMIN.
protocol AdminCommand: AsyncParsableCommand {
    var connection: ConnectionOptions { get }

    func run(_ client: AdminResources) async throws
}

extension AdminCommand {
    func run() async throws {
        try await connection.withClient { client in try await run(client) }
    }
}
