import AdminAPI
import AdminClient
public import ArgumentParser
import CommandLineSupport
import Names
import Text

struct NoticesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notices", abstract: "List and show what people were to be told, and try its channels.",
        subcommands: [ListNotices.self, ShowNotice.self, TestNotices.self], defaultSubcommand: ListNotices.self)
}

extension NoticeSeverity: ExpressibleByArgument {}
extension NoticeSubject: ExpressibleByArgument {}

struct ListNotices: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the notices that are kept, with what has become of them.")

    @Option(help: "Only those of a severity.")
    var severity: NoticeSeverity?

    @Option(help: "Only those about a kind of thing.")
    var subject: NoticeSubject?

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let query = list.query(
            [QueryParameter.severity: severity?.rawValue, QueryParameter.subject: subject?.rawValue], inTime: "number")
        try await list.show(
            Listing<NoticeResource>(
                request: AdminRequest(.get, .notices, query: query), name: { "\($0.number)" },
                table: { notices, _ in NoticesText.table(notices) }), client)
    }
}

struct ShowNotice: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a notice with its text, and what has become of it at each channel.")

    @Argument(help: "The notice, as the list has it.", transform: NameArgument.read)
    var number: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let notice: NoticeResource = try await client.value(AdminRequest(.get, .notice(number)))
        try output.show(notice, asText: NoticesText.notice(notice))
    }
}

struct TestNotices: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Send a notice to one channel or all, and wait until it is delivered.",
        discussion: """
            It goes the way that all notices go, behind those that wait. Exit status: 0 it was delivered, 1 it was not: \
            the reason is printed, and ADMIN goes on trying.
            """)

    @Option(help: "The channel, as ADMIN's settings name it. (default: all)")
    var channel: String?

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long to wait for it (\(TimeSpan.forms)). (default: 30s)", valueName: "duration"))
    var text: String?

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard let text else { return }
        guard let seconds = TimeSpan.seconds(text), (1...86_400).contains(seconds) else {
            throw ValidationError("--for: \(text) is not a time up to a day, such as \(TimeSpan.forms)")
        }
    }

    func run(_ client: AdminResources) async throws {
        let notices: [NoticeResource] = try await client.value(
            AdminRequest.change(.post, .notices, dryRun: change.dryRun).json(NoticeTest(channel: channel)))
        let isText = change.output.output == .table || change.output.output == .wide
        let seconds = text.flatMap(TimeSpan.seconds) ?? 30
        let deadline = ContinuousClock.now + .seconds(seconds)
        var ended: [NoticeResource] = []
        var problems: [String] = []
        for notice in notices {
            let last = try await follow(notice, client, until: deadline)
            ended.append(last)
            for delivery in last.deliveries {
                switch (delivery.state, delivery.problem) {
                case (.delivered, _):
                    if isText { try StandardOutput.write("\(delivery.channel.printable): delivered\n") }
                case (let state, let problem?):
                    problems.append("\(delivery.channel.printable): \(state.rawValue): \(problem.printable)")
                case (let state, nil):
                    problems.append("\(delivery.channel.printable): \(state.rawValue) after \(seconds) s")
                }
            }
        }
        if !isText { try change.output.show(ended, asText: "") }
        guard problems.isEmpty else { throw CommandError(problems.joined(separator: "\n")) }
    }

    /// The notice when nothing more can be waited for: it is settled, it meets a problem, or the time is over.
    private func follow(
        _ notice: NoticeResource, _ client: AdminResources, until deadline: ContinuousClock.Instant
    ) async throws -> NoticeResource {
        var last = notice
        while !last.deliveries.allSatisfy({ $0.state.isEnd || $0.problem != nil }), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(100))
            last = try await client.value(AdminRequest(.get, .notice("\(notice.number)")))
        }
        return last
    }
}
