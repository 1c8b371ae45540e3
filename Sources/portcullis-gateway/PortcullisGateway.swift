import ArgumentParser
import CommandLineSupport
import GatewayDaemon
import Netlink

@main
struct PortcullisGateway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portcullis-gateway",
        abstract: "Keeps this machine's nftables and IPVS in agreement with ADMIN's services export.",
        discussion: """
            The gateway asks ADMIN for the location's services.csv and brings the kernel into agreement with it: one \
            nftables table, inet portcullis, and the IPVS virtual services on the export's public addresses and marks. \
            Nothing else on the machine is touched, and nothing is written before a complete and valid export is there.

            SETTINGS come from /etc/portcullis/gateway.yaml (--config), then from the environment (PORTCULLIS_ADMIN_URL \
            for admin-url), then from flags; the later one wins:

              admin-url: https://admin.example:8443   # where ADMIN is; several addresses: a, b
              location: tcn                           # whose export to follow
              name: gw1                               # as ADMIN lists this gateway; the host's name
              token-file: /etc/portcullis/token       # bearer token of role gateway
              ca-file: /etc/portcullis/ca.pem         # trusted instead of the system's certificates
              interval: 3                             # seconds between polls
              wait: 0                                 # seconds ADMIN may hold an answer until something changes
              timeout: 10                             # seconds an answer may take
              state-directory: /var/lib/portcullis    # last good export, drains: survives restarts
              run-directory: /run/portcullis          # lock, status
              marks: 256-65535                        # firewall marks that are Portcullis' own
              drain-time: 600                         # seconds a server that left may keep its connections, where
                                                      # its gateway section has no drain
              guard:                                  # an export that withdraws more at once is held back
                services-share: 50                    # percent of the public endpoints
                services-floor: 4                     # as many may always go
                servers-share: 50                     # percent of the ready real servers behind an endpoint
                servers-floor: 2
              audit-interval: 30                      # seconds between two looks at IPVS for changes of others
              foreign-services: report                # or remove: others' virtual services on our addresses
              table-owner: false                      # or true: nobody else can change our table (`help hold`)
              metrics-file: /run/portcullis/metrics.prom  # for node_exporter's textfile collector
              metrics-limit: 5000                     # virtual services, and real servers, with series of their own
              ipvs-timeouts: {tcp: 900, tcp-fin: 120, udp: 300}
              role: active                            # or passive: its part in a pair, until it is given another
              sync:                                   # connections carried over to the other gateway of a pair
                interface: eth1                       # the wire between the two; absent: they are not
                id: 1                                 # the pair's own on that wire, 0-255
                daemons: by-role                      # the active one sends, the passive one takes; or both
                group: 224.0.0.81                     # multicast group and UDP port
                port: 8848
                maximum-length: 1472                  # bytes of a message; what one packet holds when absent

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
