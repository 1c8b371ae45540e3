import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Glibc
import Names
import Text

struct LuaInService: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "lua", abstract: "Run Lua inside a worker of a service.",
        discussion: """
            Without -e, each line of standard input is run, in one Lua state, until the input ends (Ctrl-D). The server's \
            node.yaml must allow it (allow-lua). It needs a token of role admin; reason and source are recorded as \
            events. Exit status: 0 it has succeeded, 1 it has not; of lines, 0 when all were run, however they ended.
            """)

    @OptionGroup var target: ServiceWorker

    @Option(help: "Why: a text for the events.")
    var reason: String

    @Option(name: [.customShort("e"), .customLong("execute")], help: "Run this, and end.")
    var source: String?

    @Option(help: ArgumentHelp("How long a piece may take. (default: 5)", valueName: "seconds"))
    var limit: Int?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard !reason.isEmpty else { throw ValidationError("--reason is empty") }
        if let limit, !Limits.luaSeconds.contains(limit) {
            throw ValidationError("--limit: \(limit) is not in 1-\(Limits.luaSeconds.upperBound)")
        }
    }

    func run(_ client: AdminResources) async throws {
        try await client.noteSilence(ofMaster: target.service)
        guard let source else { return try await readLines(client) }
        let ended = try await end(of: source, session: nil, client)
        let text = LuaText(ended)
        try output.show(ended, asText: text.output)
        guard ended.state == .succeeded else {
            throw CommandError(
                "job \(ended.id) of \(target.service) " + Self.end(of: ended) + (text.problem.map { ": \($0)" } ?? ""))
        }
    }

    /// Runs what is typed or comes from a pipe, line by line.
    private func readLines(_ client: AdminResources) async throws {
        let isTerminal = isatty(STDIN_FILENO) == 1
        let session = "s" + String(UInt64.random(in: .min ... .max), radix: 16)
        while true {
            if isTerminal { try StandardOutput.write(Array("\(target.service)> ".utf8)) }
            guard let line = readLine() else { break }
            guard !line.utf8.allSatisfy({ $0 == UInt8(ascii: " ") }) else { continue }
            let ended = try await end(of: line, session: session, client)
            let text = LuaText(ended)
            if !text.output.isEmpty { try StandardOutput.write(text.output) }
            if ended.state != .succeeded { StandardError.write(text.problem ?? "the line \(Self.end(of: ended))") }
        }
        if isTerminal { try StandardOutput.write("") }
    }

    private func end(of source: String, session: String?, _ client: AdminResources) async throws -> JobResource {
        let wanted = JobCreation(
            kind: .master(.lua),
            details: MasterJobDetails(
                worker: target.worker, source: source, session: session, limit: limit, reason: reason))
        let made: CreatedJob = try await client.value(
            AdminRequest.change(.post, .jobs(of: target.service), dryRun: false).json(wanted))
        guard let job = made.job else { throw CommandError("ADMIN has made no job") }
        return try await JobRun.end(of: job, client)
    }

    private static func end(of job: JobResource) -> String {
        job.state == .failed ? "has failed" : "has ended in a way that nobody knows"
    }
}
