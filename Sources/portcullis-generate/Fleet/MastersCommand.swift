import AdminClient
import ArgumentParser
import CommandLineSupport
import ServiceSupport
import Text

/// `portcullis-generate masters`
struct MastersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "masters", abstract: "Play the masters of many services, until it is ended.",
        discussion: """
            Each master polls the orders of its service, fetches its configuration when the orders have another tag, and \
            reports, as portcullis-master does; it has no workers. What happens is a line on standard output, which begins \
            with the seconds of the monotonic clock: `TIME back SERVICE -` when ADMIN has taken the first report, or the \
            first one after a failure, `TIME orders SERVICE ETAG` when orders have come, `TIME configured SERVICE ETAG` \
            when a configuration was fetched, `TIME job SERVICE ID` when a job was done, or `TIME failed SERVICE REASON`.
            """)

    @Option(help: "ADMIN's address.")
    var adminURL: AdminURLs

    @Option(
        help: "A file with a line for each master: its service, its server and its token, spaces between them.",
        completion: .file())
    var masters: String

    func run() async throws {
        let members = try MasterMember.list(in: try TextFile.read(masters))
        await withTaskGroup { group in
            for member in members {
                group.addTask { await SimulatedMaster(member, of: adminURL).run() }
            }
        }
    }
}

/// A service, and what its master shows ADMIN.
struct MasterMember: Sendable {
    let service: String
    let server: String
    let token: String

    /// The members in a text, a line each.
    /// - Throws: `ValidationError` with the number of the first line that is wrong.
    static func list(in text: String) throws -> [MasterMember] {
        var members: [MasterMember] = []
        for (index, line) in text.splitBytes("\n").enumerated() where !line.utf8.isEmpty {
            let words = line.splitBytes(" ").map { String($0) }
            guard words.count == 3 else {
                throw ValidationError("--masters: line \(index + 1) is not SERVICE SERVER TOKEN")
            }
            members.append(MasterMember(service: words[0], server: words[1], token: words[2]))
        }
        return members
    }
}
