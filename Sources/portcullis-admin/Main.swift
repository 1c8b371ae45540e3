import Admin
import ArgumentParser
import CommandLineSupport
import ServiceSupport

@main
struct PortcullisAdmin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portcullis-admin",
        abstract: "The ADMIN server: the cloud's registry, its REST API, and the services export gateways follow.",
        discussion: """
            Settings come from \(AdminSettings.defaultFile), the environment and flags. A later source overrides an \
            earlier one. A key of the file is the flag's name; a variable is PORTCULLIS_ADMIN_ and the name in \
            capitals (PORTCULLIS_ADMIN_TLS_KEY for tls-key):

              listen: 127.0.0.1:8080
              database: \(AdminSettings.defaultDatabase)
              tls-certificate: /etc/portcullis/admin.pem
              tls-key: /etc/portcullis/admin.key
              secrets-key: /etc/portcullis/secrets.key
              log-level: info
              max-connections: 20000
              max-gateways: 20000
              keep-events: 1000000
              keep-revisions: 100000

            Without a token everybody who can connect may do everything, and ADMIN listens on loopback addresses \
            only. Make tokens with "portcullis-admin token add" before it listens elsewhere.

            The API describes itself at /openapi.json; /healthz and /readyz say whether ADMIN runs.
            """,
        version: ProgramVersion.text,
        subcommands: [Serve.self, Token.self, MakeSecretsKey.self, Secrets.self], defaultSubcommand: Serve.self)

    static func main() async { await Program.run(Self.self) }
}
