import AdminAPI
import AdminClient
public import ArgumentParser
import CommandLineSupport
import Names

struct WorkersOfService: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers", abstract: "Show the workers of a service, as its master tells of them.",
        discussion: "Exit status: 0 the master is in touch, 1 it is not.")

    @Argument(help: "The service: TYPE.INDEX.", completion: .names(.services), transform: NameArgument.read)
    var service: String

    @OptionGroup var table: TableOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try ServiceNames.check([service]) }

    func run(_ client: AdminResources) async throws {
        guard let link = try await client.link(of: service) else {
            _ = try await client.service(service)
            throw CommandError("ADMIN has heard nothing of a master of \(service) since it started")
        }
        try table.show(link, LinksText.workers(link))
        guard link.state == .connected else {
            throw CommandError(
                "the master of \(service) is \(link.state.rawValue), silent since \(link.silentSince ?? "an unknown time"): "
                    + "what is shown is its last report")
        }
    }
}

struct WatchServices: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Follow the masters and workers of services, until Ctrl-C.",
        discussion: """
            At a terminal a table is drawn anew when something changes; elsewhere changed rows are appended, and with \
            --output json an object for each, one a line. Only what changes is sent.
            """)

    @Argument(help: "Only a service (TYPE.INDEX), or those of a type.", transform: NameArgument.read)
    var name: String?

    @Option(help: "Only those on a server.", completion: .names(.servers))
    var server: String?

    @Option(help: "Only those in a state.")
    var state: LinkResource.State?

    @OptionGroup var table: TableOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let filter = name.map { ServiceName($0) == nil ? QueryParameter.type : QueryParameter.service }
        let query = [
            (filter ?? "", name), (QueryParameter.server, server), (QueryParameter.state, state?.rawValue),
        ].compactMap { name, value in value.map { (name, $0) } }
        let listing = Listing<LinkResource>(
            request: AdminRequest(.get, .links, query: query), name: { "\($0.service)/\($0.server)" },
            table: { links, isWide in LinksText.links(links, isWide: isWide) })
        var screen = WatchScreen(options: table, listing: listing)
        var list = WatchedList(listing)
        while true {
            guard let links = try await list.next(client) else { continue }
            try await screen.show(links)
        }
    }
}

extension LinkResource.State: ExpressibleByArgument {}
