import ArgumentParser
import CommandLineSupport
import ServiceSupport

@main
struct PortcullisNode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portcullis-node",
        abstract: "Keep this server's services as ADMIN assigns them.",
        discussion: """
            The node polls ADMIN for the assignments of its server: which services, which versions, running or not. It \
            fetches versions, checks their signatures, places them in /srv/portcullis, and starts and stops services. \
            What is executed is in the signed manifest of a version, never in what ADMIN says. Services go on when the \
            node ends, is upgraded or is killed, and while ADMIN cannot be reached. A service that ADMIN has never \
            named, or names no more, stays as it is.

            SETTINGS come from /etc/portcullis/node.yaml (--config), the environment \
            (PORTCULLIS_NODE_ADMIN_URL for admin-url) and flags. A later source overrides an earlier one.

              admin-url: https://admin.example:8443  # ADMIN; several addresses: a, b
              server: app1                           # its name in ADMIN (the host's)
              token-file: /etc/portcullis/node-token # written by `join`
              ca-file: /etc/portcullis/ca.pem        # trusted instead of the system's
              trusted-keys:                          # whose versions may run here
                - key: ed25519:…                     # portcullis keys show
                  name: release team
                  not-after: 2027-01-31T00:00:00Z
                  types: [pgw]                       # without it, all types
              unsigned: false                        # true: also versions that nobody
                                                     # signed
              allow-users: [postgres]                # users that a manifest may name
              users: 700000-765535                   # a user for each service, where
                                                     # the node is root; or agent
              driver: auto                           # systemd where it is process 1,
                                                     # or process
              drives: {d1: /mnt/d1, archive: /mnt/a} # for data; each a file system
              root: /srv/portcullis
              interval: 3                            # seconds between polls
              wait: 30                               # seconds ADMIN may hold an answer
              timeout: 10                            # seconds an answer may take
              blob-url: http://cache.example         # where contents are fetched,
                                                     # without a token (ADMIN)
              fetches: 4                             # contents fetched at once
              log-size: 16                           # MiB of a service's log
              log-files: 3                           # older ones that are kept
              log-target: tls://logs.example:6514    # where logs are sent, or tcp://
              log-ca-file: /etc/portcullis/logs.pem  # trusted there
              log-target-except: [logger]            # types that are not sent

            EXIT STATUS: 0 done, or nothing to do; 1 failed; 2 `plan` has steps to show; 3 to 7 what `check` finds; 64 \
            wrong usage.

            See `portcullis-node help SUBCOMMAND` for each.
            """,
        version: ProgramVersion.text,
        subcommands: [Run.self, Join.self, Status.self, PlanCommand.self, Check.self])

    static func main() async { await Program.run(Self.self) }
}
