import ArgumentParser
import CommandLineSupport
import GatewayDaemon
import Netlink
import ServiceSupport

@main
struct PortcullisGateway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portcullis-gateway",
        abstract: "Keep this machine's nftables and IPVS in agreement with ADMIN's services export.",
        discussion: """
            The gateway polls ADMIN for its location's services.csv and makes the kernel match it: one nftables table, \
            inet portcullis, and the IPVS virtual services on the export's public addresses and marks. It changes \
            nothing else on this machine, and writes nothing before it has a complete and valid export.

            SETTINGS come from /etc/portcullis/gateway.yaml (--config), the environment (PORTCULLIS_ADMIN_URL for \
            admin-url) and flags. A later source overrides an earlier one.

              admin-url: https://admin.example:8443  # ADMIN; several addresses: a, b
              location: tcn                          # whose export to follow
              name: gw1                              # its name in ADMIN (the host's)
              token-file: /etc/portcullis/token      # a bearer token of role gateway
              ca-file: /etc/portcullis/ca.pem        # trusted instead of the system's
              interval: 3                            # seconds between polls
              wait: 0                                # seconds ADMIN may hold an answer
              timeout: 10                            # seconds an answer may take
              state-directory: /var/lib/portcullis   # last good export, drains
              run-directory: /run/portcullis         # lock, status
              marks: 256-65535                       # the marks Portcullis may use
              drain-time: 600                        # seconds a removed server may
                                                     # keep its connections, unless
                                                     # its gateway section says so
              guard:                                 # holds back an export that
                                                     # withdraws more at once
                services-share: 50                   # percent of the endpoints
                services-floor: 4                    # this many may always go
                servers-share: 50                    # percent of the ready real
                                                     # servers of an endpoint
                servers-floor: 2
              audit-interval: 30                     # seconds between two looks at
                                                     # IPVS for others' changes
              foreign-services: report               # others' virtual services on
                                                     # our addresses; or remove
              table-owner: false                     # true: only we can change our
                                                     # table (`help hold`)
              metrics-file: /run/portcullis/metrics.prom
              metrics-limit: 5000                    # virtual services, and real
                                                     # servers, with own series
              ipvs-timeouts: {tcp: 900, tcp-fin: 120, udp: 300}
              role: active                           # or passive, until `role`
                                                     # sets another
              sync:                                  # connections sent to the
                                                     # other gateway of the pair
                interface: eth1                      # between the two; without it
                                                     # nothing is sent
                id: 1                                # the pair's id there, 0-255
                daemons: by-role                     # the active one sends, the
                                                     # passive receives; or both
                group: 224.0.0.81                    # multicast group, UDP port
                port: 8848
                maximum-length: 1472                 # bytes of a message (what one
                                                     # packet holds)

            EXIT STATUS: 0 done, or nothing to do; 1 failed; 2 `sync --plan` has steps to show; 3 to 7 what `check` \
            finds; 8 and 9 what `doctor` finds; 64 wrong usage.

            See `portcullis-gateway help SUBCOMMAND` for each.
            """,
        version: ProgramVersion.text,
        subcommands: [
            Run.self, Hold.self, Sync.self, Status.self, Check.self, Doctor.self, Role.self, Addresses.self,
            ClusterConfig.self, Accept.self, Reject.self, Flush.self,
        ])

    static func main() async { await Program.run(Self.self) }
}
