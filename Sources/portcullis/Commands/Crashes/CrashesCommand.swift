import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Foundation
import JSON
import ServiceSupport
import Text

struct CrashesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crashes", abstract: "List and show crashes of services, and fetch their dumps.",
        discussion: """
            Crashes that are one fault have one fingerprint, whatever the version and the server. What the variables of a \
            program hold may be secret: `fetch`, and the variables of `show`, need a token of role admin.
            """,
        subcommands: [ListCrashes.self, ShowCrash.self, FetchDump.self, RemoveCrashes.self],
        defaultSubcommand: ListCrashes.self)
}

struct ListCrashes: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List crashes, those of one fault together, the newest first.",
        discussion: """
            With filters, counts and times are of the crashes that they let through. Orders are recent and count.
            """)

    @Option(help: "Only those of a service type.", completion: .names(.types))
    var type: String?

    @Option(help: "Only those of a service: TYPE.INDEX.", completion: .names(.services))
    var service: String?

    @Option(help: "Only those on a server.", completion: .names(.servers))
    var server: String?

    @Option(
        help: ArgumentHelp(
            "Only those in a version: 1.5.0 in all variants, 1.5.0/debug, or the SHA-256 of a manifest.",
            valueName: "version"))
    var inVersion: String?

    @Option(help: ArgumentHelp("Only those seen since then: \(PastTime.forms).", valueName: "when"))
    var since: String?

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if let since, PastTime.read(since, now: Date()) == nil {
            throw ValidationError("--since: \"\(since)\" is not \(PastTime.forms)")
        }
    }

    func run(_ client: AdminResources) async throws {
        let query = list.query([
            QueryParameter.type: type, QueryParameter.service: service, QueryParameter.server: server,
            QueryParameter.version: inVersion, QueryParameter.since: since.flatMap { PastTime.read($0, now: Date()) },
        ])
        try await list.show(
            Listing<CrashGroup>(
                request: AdminRequest(.get, .crashes, query: query), name: { $0.fingerprint },
                table: { groups, isWide in CrashText.table(groups, isWide: isWide) }), client)
    }
}

/// A group of crashes, and one of its reports.
struct CrashOptions: ParsableArguments {
    @Argument(
        help: "The fingerprint, as the list has it; or a report, as `services dump` names it.",
        completion: .names(.crashes), transform: NameArgument.read)
    var fingerprint: String

    @Argument(help: "One of its reports. (default: the newest with a stack)", transform: NameArgument.read)
    var report: String?

    /// The digits of a report's id; a fingerprint has 16.
    private static let reportDigits = 24

    /// The same by the fingerprint, where a report alone is named.
    func located(_ client: AdminResources) async throws -> (fingerprint: String, report: String?) {
        guard report == nil, fingerprint.utf8.count == Self.reportDigits else { return (fingerprint, report) }
        let groups: [CrashGroup] = try await client.value(
            AdminRequest(.get, .crashes, query: [(QueryParameter.report, fingerprint)]))
        guard let group = groups.first else {
            throw CommandError(
                "ADMIN has no report \(fingerprint.shownName()) of a crash",
                hint: "The server's node sends it within seconds of the dump; reports are kept for a while.")
        }
        return (group.fingerprint, fingerprint)
    }
}

extension CrashGroupDetail {
    /// The newest report with a stack, or else the newest. The node may have removed its dump since.
    fileprivate var newestWithStack: CrashResource? { reports.first { $0.threads != nil } ?? reports.first }

    /// The newest report with a dump, or else the newest.
    fileprivate var newestWithDump: CrashResource? { reports.first { $0.dumpSize > 0 } ?? reports.first }
}

struct ShowCrash: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show crashes of one fault: where, how often, and the stack of one with variables.",
        discussion: """
            The stack is that of the newest report that has one, or of the report that is named. A token of role read \
            sees it without variables. With --output json the answer has the members `crashes`, and `report` unless the token may not see it.
            """)

    @OptionGroup var crash: CrashOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let (fingerprint, named) = try await crash.located(client)
        let detail: CrashGroupDetail = try await client.value(AdminRequest(.get, .crashes(fingerprint)))
        let report = try await report(named, of: detail, client)
        try output.show(
            json: [
                "fingerprint": .string(detail.group.fingerprint), "crashes": detail.json,
                "report": report?.json ?? .null,
            ], asText: CrashText.crash(detail, report))
    }

    /// `nil`: the token may not see it, or it is not kept any more.
    private func report(
        _ named: String?, of detail: CrashGroupDetail, _ client: AdminResources
    ) async throws -> CrashResource? {
        guard let id = named ?? detail.newestWithStack?.id else { return nil }
        do {
            return try await client.value(AdminRequest(.get, .crash(id, in: detail.group.fingerprint)))
        } catch let error as CommandError where error.status == 403 && named == nil {
            return nil
        }
    }
}

struct FetchDump: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Fetch the dump of a crash from its server: every thread with its variables.",
        discussion: """
            ADMIN asks the node, which keeps dumps for a while: standard error says which one. The command fails when the \
            node has not answered in 30 s, and as soon as it has not polled for 10 s. Without --file the dump goes to standard output: at a \
            terminal control characters are shown and not carried out; into a file or a pipe it goes as it is.
            """)

    @OptionGroup var crash: CrashOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write it into this file, which nobody else can read.", valueName: "path"),
        completion: .file())
    var file: String?

    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let (fingerprint, named) = try await crash.located(client)
        let detail: CrashGroupDetail = try await client.value(AdminRequest(.get, .crashes(fingerprint)))
        let report = named.map { id in detail.reports.first { $0.id.isExactly(id) } } ?? detail.newestWithDump
        guard let id = named ?? report?.id else {
            throw CommandError("no report of the crash \(fingerprint.shownName()) is kept any more")
        }
        StandardError.write(await Self.note(of: report?.server, client))
        var request = AdminRequest(.get, .dump(of: id, in: fingerprint))
        request.accept = MediaType.text
        let dump = try await client.content(MediaType.text, request)
        if let file {
            try Files.replace(file, with: dump, isDurable: false, mode: 0o600)
            StandardError.write("\(dump.count) bytes written to \(file)")
        } else if StandardOutput.isTerminal {
            try StandardOutput.write(String(decoding: dump, as: UTF8.self).printableLines)
        } else {
            try StandardOutput.write(dump)
        }
    }

    /// `Asking the node of app1, which was last heard of 12 s ago; it has 30 s.`
    private static func note(of server: String?, _ client: AdminResources) async -> String {
        let limit = "; it has \(Limits.dumpSeconds) s."
        guard let server else { return "Asking the node that keeps the dump\(limit)" }
        let detail: NodeDetail? = try? await client.value(AdminRequest(.get, .node(of: server)))
        let age = detail?.node.age.map { ", which was last heard of \(ResourceTables.duration($0)) ago" } ?? ""
        return "Asking the node of \(server)\(age)\(limit)".printable
    }
}

struct RemoveCrashes: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove crashes of one fault: their reports and their counts.",
        discussion: "If it happens again, it is a new crash, of which people are told. Dumps stay on their servers.")

    @Argument(
        help: "The fingerprint, as the list has it.", completion: .names(.crashes), transform: NameArgument.read)
    var fingerprint: String

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let request = AdminRequest.change(.delete, .crashes(fingerprint), dryRun: change.dryRun)
        try change.finish(try await client.value(request))
    }
}
