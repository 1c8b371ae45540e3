import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Text

struct LogsOfService: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show the end of a service's log on its server, and what follows.",
        discussion: """
            It needs a token of role admin: logs may hold secrets. On a terminal, control characters are shown and not \
            carried out; into a file or a pipe the text goes as it is. What is not the log's own (a log that was \
            rotated, lines that were lost, a node that is silent) is said on standard error. With --follow it goes on \
            after a restart of ADMIN or of the node.
            """)

    @Argument(help: "The service: TYPE.INDEX.", completion: .names(.services), transform: NameArgument.read)
    var service: String

    @Flag(name: .shortAndLong, help: "Go on showing lines as they are written.")
    var follow = false

    @Option(name: [.customShort("n"), .long], help: "Begin with so many of the last lines.")
    var lines = 20

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard (0...Limits.logLines).contains(lines) else {
            throw ValidationError("--lines: \(lines) is not in 0-\(Limits.logLines)")
        }
    }

    func run(_ client: AdminResources) async throws {
        var reading = LogReading(service, lines: lines, isFollowing: follow)
        var printer = LogPrinter(isTerminal: StandardOutput.isTerminal)
        let deadline = ContinuousClock.now + .seconds(connection.answerTimeout)
        while true {
            if let log = try await reading.next(client) {
                if !follow, let problem = LogNote.problem(log) { throw problem }
                for output in printer.output(of: log) {
                    switch output {
                    case .text(let text): try StandardOutput.write(Array(text.utf8))
                    case .note(let note): StandardError.write(note)
                    }
                }
                if !follow, log.isComplete { return try StandardOutput.write(Array(printer.end.utf8)) }
            }
            guard follow || .now < deadline else {
                throw CommandError(
                    "the node of \(reading.server ?? "the server") has not sent the log in "
                        + "\(connection.answerTimeout) seconds",
                    hint: "portcullis nodes says when it was last heard of.", isTransient: true)
            }
        }
    }
}

/// Reads a log by held requests.
struct LogReading {
    /// Seconds for which an answer is held, at most.
    private static let wait = 15

    private let service: String
    private let lines: Int
    private let isFollowing: Bool
    private var cursor: String?
    private var isAway = false
    /// The server where the log is, once it is known.
    private(set) var server: String?

    init(_ service: String, lines: Int, isFollowing: Bool) {
        self.service = service
        self.lines = lines
        self.isFollowing = isFollowing
    }

    /// What there is more of it; `nil`: ADMIN is away, and was there before.
    mutating func next(_ client: AdminResources) async throws -> ServiceLog? {
        let query = [(QueryParameter.lines, "\(lines)")] + (cursor.map { [(QueryParameter.after, $0)] } ?? [])
        var request = AdminRequest(.get, .log(of: service), query: query)
        request.wait = Self.wait
        do {
            let answer = try await client.send(request)
            let log: ServiceLog = try client.value(of: answer, to: request)
            if isAway { StandardError.write("Note: ADMIN answers again.") }
            (isAway, cursor, server) = (false, log.next, log.server)
            // Many lines in a short time are one answer, and who does not hold its answers is not asked all the time.
            if isFollowing || log.parts.isEmpty && !log.isComplete {
                try await Task.sleep(for: answer.wasHeld || !log.parts.isEmpty ? .milliseconds(200) : .seconds(1))
            }
            return log
        } catch let error as CommandError where error.isTransient && cursor != nil && isFollowing {
            if !isAway { StandardError.write("Note: \(error.message); waiting for it.") }
            isAway = true
            try await Task.sleep(for: .seconds(1))
            return nil
        }
    }
}
