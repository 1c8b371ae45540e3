import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import JSON
import ServiceSupport

struct VersionCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print the versions of this program and of ADMIN.",
        discussion: "The exit code is 1 when ADMIN does not tell its version.")

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let program = ProgramVersion.text
        let request = AdminRequest(.get, .version)
        let answer: AdminAnswer
        let admin: VersionResource
        do {
            answer = try await client.send(request)
            admin = try client.value(of: answer, to: request)
        } catch let error as CommandError {
            try output.show(json: ["portcullis": .string(program)], asText: "portcullis \(program)")
            guard error.status == 404 else { throw error }
            throw CommandError("ADMIN does not tell its version: it is older than this program")
        }
        try output.show(
            json: [
                "portcullis": .string(program), "admin": .string(admin.version),
                "address": .string("\(answer.address)"),
            ], asText: "portcullis \(program)\nADMIN \(admin.version) at \(answer.address)")
    }
}
