package import AdminClient
import ArgumentParser
import CommandLineSupport
import ServiceSupport
import Text

/// `portcullis-generate fleet`
struct FleetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet", abstract: "Play the nodes of many servers, until it is ended.",
        discussion: """
            Each node polls the assignments of its server, as portcullis-node does, and reports each service as assigned at \
            once: nothing is fetched, placed or started. What happens is a line on standard output, which begins with the \
            seconds of the monotonic clock: `TIME assignments SERVER ETAG`, `TIME reported SERVER ETAG` when ADMIN has \
            taken a report, or `TIME failed SERVER REASON`.
            """)

    @Option(help: "ADMIN's address.")
    var adminURL: AdminURLs

    @Option(help: "A file with a line for each node: its server and, after a space, its token.", completion: .file())
    var nodes: String

    @Flag(help: "The tokens are join tokens: first each is exchanged for the server's own.")
    var join = false

    @Option(help: "Seconds for which ADMIN may hold an answer.")
    var wait = 30

    func validate() throws {
        guard (1...3_600).contains(wait) else { throw ValidationError("--wait: \(wait) is not in 1-3600") }
    }

    func run() async throws {
        let members = try FleetMember.list(in: try TextFile.read(nodes))
        await withTaskGroup { group in
            for member in members {
                group.addTask {
                    await SimulatedNode(member, of: adminURL, wait: wait).run(joining: join)
                }
            }
        }
    }
}

/// A server of the fleet, and what its node shows ADMIN.
struct FleetMember: Sendable {
    let server: String
    let token: String?

    /// The members in a text, a line each.
    /// - Throws: `ValidationError` with the number of the first line that is wrong.
    static func list(in text: String) throws -> [FleetMember] {
        var members: [FleetMember] = []
        for (index, line) in text.splitBytes("\n").enumerated() where !line.utf8.isEmpty {
            let words = line.splitBytes(" ").map { String($0) }
            guard (1...2).contains(words.count) else {
                throw ValidationError("--nodes: line \(index + 1) is not SERVER or SERVER TOKEN")
            }
            members.append(FleetMember(server: words[0], token: words.count > 1 ? words[1] : nil))
        }
        return members
    }
}

extension AdminURLs: ExpressibleByArgument {
    package init?(argument: String) { try? self.init(argument) }
}
